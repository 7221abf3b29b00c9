import Tensors

/// CIFAR-10 in its binary form: rows of 1 label byte and 3072 bytes of planar RGB, 32x32.
///
/// Source: Krizhevsky 2009.
public enum CIFAR10 {
  /// The names of the classes.
  public static let classNames = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]

  /// Reads files one after the other, each `.bin` or `.bin.gz`, as one data set in NHWC order.
  ///
  /// - Throws: ``InterchangeError`` for a missing or truncated file, or one that is no whole number of rows.
  public static func load(files: [String]) throws(InterchangeError) -> Dataset {
    let rowSize = 3073
    let planeSize = 1024
    var pixels: [UInt8] = []
    var labels: [UInt8] = []
    for path in files {
      let remedy =
        "Give the paths of CIFAR-10's binary batches (data_batch_1.bin, test_batch.bin, or .gz of them)."
      let content = try Gzip.contents(of: path, limit: 1 << 30, remedy: remedy)
      guard content.count % rowSize == 0, !content.isEmpty else {
        throw .malformed(
          path: path,
          problem: "\(content.count) bytes are no whole number of rows of \(rowSize). Fetch the file again.")
      }
      pixels.reserveCapacity(pixels.count + content.count)
      for start in stride(from: 0, to: content.count, by: rowSize) {
        guard content[start] < classNames.count else {
          throw .malformed(
            path: path,
            problem:
              "label \(content[start]) of row \(start / rowSize) is outside the \(classNames.count) classes. "
              + "Fetch the file again.")
        }
        labels.append(content[start])
        for pixel in start + 1..<start + 1 + planeSize {
          pixels.append(content[pixel])
          pixels.append(content[pixel + planeSize])
          pixels.append(content[pixel + 2 * planeSize])
        }
      }
    }
    return try Dataset(
      name: "CIFAR-10", imageShape: [32, 32, 3], classNames: classNames, pixels: pixels, labels: labels)
  }
}
