#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Tensors

/// Arrays of bytes in the IDX format of MNIST: magic `0 0 8 rank`, big-endian extents, the bytes.
public enum IDX {
  /// Reads a file of bytes of the given rank, plain or gzip-compressed.
  ///
  /// - Throws: ``InterchangeError`` for a missing or truncated file or a wrong magic number.
  public static func read(
    _ path: String, rank: Int, remedy: String
  ) throws(InterchangeError) -> (extents: [Int], bytes: [UInt8]) {
    let content = try Gzip.contents(of: path, limit: 1 << 31, remedy: remedy)
    let headerSize = 4 + 4 * rank
    func word(_ offset: Int) -> Int { content[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
    guard content.count >= headerSize else {
      throw .malformed(
        path: path, problem: "\(content.count) bytes are too few for an IDX header of \(headerSize)")
    }
    let expected = 0x800 | rank
    guard word(0) == expected else {
      throw .malformed(
        path: path,
        problem:
          "the magic number is \(word(0)), but bytes of rank \(rank) have \(expected). It is another kind of file."
      )
    }
    let extents = (0..<rank).map { word(4 + 4 * $0) }
    // Extents are 32-bit: the product of a damaged header's may not fit.
    let count = extents.reduce(Optional(1)) { product, extent in
      product.map { $0.multipliedReportingOverflow(by: extent) }.flatMap {
        $0.overflow ? nil : $0.partialValue
      }
    }
    guard let count, content.count - headerSize == count else {
      throw .malformed(
        path: path,
        problem: "extents \(extents) need \(count.map(String.init) ?? "more than 2^63") bytes, but "
          + "\(content.count - headerSize) follow the header. Fetch the file again.")
    }
    return (extents, Array(content[headerSize...]))
  }
}

/// Fashion-MNIST: 60,000 training and 10,000 test images, 28x28 grey, 10 classes of clothing.
///
/// Source: Xiao, Rasul and Vollgraf 2017. Debian package `dataset-fashion-mnist`.
public enum FashionMNIST {
  /// The names of the classes.
  public static let classNames = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
  ]

  /// The folder used when none is given: `AUGQ_FASHION_MNIST`, else where Debian's package puts it.
  public static var defaultFolder: String {
    getenv("AUGQ_FASHION_MNIST").map { String(cString: $0) } ?? "/usr/share/datasets/fashion-mnist"
  }

  /// Reads the four files of a folder, each `.gz` or plain.
  ///
  /// - Throws: ``InterchangeError`` naming the file and the remedy.
  public static func load(folder: String? = nil) throws(InterchangeError) -> (train: Dataset, test: Dataset) {
    let folder = folder ?? defaultFolder
    return (try part("train", "Fashion-MNIST train", folder), try part("t10k", "Fashion-MNIST test", folder))
  }

  private static func part(_ prefix: String, _ name: String, _ folder: String) throws(InterchangeError)
    -> Dataset
  {
    let remedy =
      "Install it with 'apt-get install dataset-fashion-mnist', or set AUGQ_FASHION_MNIST to the folder with the four IDX files."
    func path(_ suffix: String) -> String {
      let plain = "\(folder)/\(prefix)-\(suffix)"
      return access(plain, R_OK) == 0 ? plain : plain + ".gz"
    }
    let images = try IDX.read(path("images-idx3-ubyte"), rank: 3, remedy: remedy)
    let labels = try IDX.read(path("labels-idx1-ubyte"), rank: 1, remedy: remedy)
    guard images.extents[0] == labels.extents[0] else {
      throw .malformed(
        path: path("labels-idx1-ubyte"),
        problem: "it has \(labels.extents[0]) labels, but there are \(images.extents[0]) images")
    }
    if let row = labels.bytes.firstIndex(where: { Int($0) >= classNames.count }) {
      throw .malformed(
        path: path("labels-idx1-ubyte"),
        problem:
          "label \(labels.bytes[row]) of image \(row) is outside the \(classNames.count) classes. Fetch the file again."
      )
    }
    return try Dataset(
      name: name, imageShape: [images.extents[1], images.extents[2], 1], classNames: classNames,
      pixels: images.bytes,
      labels: labels.bytes)
  }
}
