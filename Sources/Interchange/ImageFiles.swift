import CImages
import Tensors

/// What happens to an image between its file and the network.
public struct ImageTransform: Sendable, Equatable {
  /// The length of the shorter side after a resize that keeps the proportions; `nil` does not resize.
  public var shorterSide: Int?
  /// Height and width of the middle that is cut out afterwards; `nil` keeps all.
  public var crop: Int?

  /// Makes a transform.
  public init(shorterSide: Int? = nil, crop: Int? = nil) {
    self.shorterSide = shorterSide
    self.crop = crop
  }
}

/// JPEG and PNG files of one extent, decoded when they are asked for.
struct ImageFiles: Sendable {
  let paths: [String]
  let transform: ImageTransform
  /// `[H, W, 3]`, that of the first file.
  let shape: Shape

  /// - Throws: ``InterchangeError`` when the first file is no image.
  init(paths: [String], transform: ImageTransform) throws(InterchangeError) {
    self.paths = paths
    self.transform = transform
    shape = try RGBImage(file: paths[0]).transformed(by: transform, path: paths[0]).shape
  }

  /// The pixels of one file, `[H, W, 3]`.
  ///
  /// - Throws: ``InterchangeError`` that names the file: it is missing, damaged or of another extent.
  func pixels(_ row: Int) throws(InterchangeError) -> [UInt8] {
    let path = paths[row]
    let image = try RGBImage(file: path).transformed(by: transform, path: path)
    guard image.shape == shape else {
      throw .malformed(
        path: path,
        problem: "the image is \(image.shape), but the first of the data set is \(shape). "
          + "Give resize and crop, which make images equal.")
    }
    return image.pixels
  }
}

/// A decoded image, three bytes per pixel.
struct RGBImage {
  private(set) var width: Int
  private(set) var height: Int
  private(set) var pixels: [UInt8]

  var shape: Shape { [height, width, 3] }

  /// Images of more pixels are refused before memory is asked for.
  static let pixelLimit = 100_000_000

  /// Decodes a JPEG or PNG file; what begins the file decides, not its name.
  ///
  /// - Throws: ``InterchangeError`` that names the file.
  init(file path: String) throws(InterchangeError) {
    let file = try MappedFile(path: path)
    let isPNG = file.bytes.starts(with: [0x89, 0x50, 0x4E, 0x47])
    guard isPNG || file.bytes.starts(with: [0xFF, 0xD8]) else {
      throw .malformed(
        path: path, problem: "it begins like neither a JPEG nor a PNG file. Remove or convert it.")
    }
    let read = isPNG ? aq_png_read : aq_jpeg_read
    var (width, height): (UInt32, UInt32) = (0, 0)
    func call(_ target: UnsafeMutablePointer<UInt8>?) throws(InterchangeError) {
      var message = [CChar](repeating: 0, count: Int(AQ_IMAGE_MESSAGE))
      let status = file.withBytes { bytes in
        read(
          bytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count, &width, &height, target,
          &message)
      }
      guard status != AQ_IMAGE_OK else { return }
      let reason = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw .malformed(
        path: path,
        problem: status == AQ_IMAGE_MEMORY
          ? "there is no memory to decode it" : "the image is damaged: \(reason). Fetch the file again.")
    }
    try call(nil)
    guard Int(width) * Int(height) <= Self.pixelLimit, width > 0, height > 0 else {
      throw .malformed(
        path: path,
        problem: "\(width)x\(height) pixels are more than \(Self.pixelLimit). Make the image smaller.")
    }
    self.width = Int(width)
    self.height = Int(height)
    pixels = [UInt8](repeating: 0, count: self.width * self.height * 3)
    let result: Result<Void, InterchangeError> = pixels.withUnsafeMutableBufferPointer { buffer in
      Result { () throws(InterchangeError) in try call(buffer.baseAddress) }
    }
    try result.get()
  }

  /// Returns the image resized and cropped.
  ///
  /// The longer side becomes `side * longer / shorter`, rounded down; the crop begins at `(extent - crop) / 2`, ties to
  /// even. Source: torchvision, `Resize` and `CenterCrop`.
  ///
  /// - Throws: ``InterchangeError/malformed(path:problem:)`` when the crop is larger than the image.
  consuming func transformed(by transform: ImageTransform, path: String) throws(InterchangeError) -> RGBImage
  {
    var image = self
    if let side = transform.shorterSide {
      let shorter = min(image.width, image.height)
      image = try image.resized(
        width: side * image.width / shorter, height: side * image.height / shorter, path)
    }
    guard let crop = transform.crop else { return image }
    guard crop <= image.width, crop <= image.height else {
      throw .malformed(
        path: path,
        problem:
          "a crop of \(crop)x\(crop) does not fit the image \(image.shape). Resize to at least \(crop) first."
      )
    }
    return image.cropped(to: crop)
  }

  private func resized(width: Int, height: Int, _ path: String) throws(InterchangeError) -> RGBImage {
    guard width * height <= Self.pixelLimit else {
      throw .malformed(
        path: path,
        problem:
          "\(shape) resized to \(width)x\(height) is more than \(Self.pixelLimit) pixels. Resize to less.")
    }
    var result = self
    result.width = width
    result.height = height
    result.pixels = [UInt8](repeating: 0, count: width * height * 3)
    let status = aq_image_resize(pixels, self.width, self.height, &result.pixels, width, height)
    guard status == AQ_IMAGE_OK else {
      throw .malformed(path: path, problem: "there is no memory to resize it to \(width)x\(height)")
    }
    return result
  }

  private func cropped(to crop: Int) -> RGBImage {
    func start(_ extent: Int) -> Int { Int((Double(extent - crop) / 2).rounded(.toNearestOrEven)) }
    let (top, left) = (start(height), start(width))
    var result = self
    result.width = crop
    result.height = crop
    result.pixels = []
    result.pixels.reserveCapacity(crop * crop * 3)
    for row in top..<top + crop {
      let first = (row * width + left) * 3
      result.pixels += pixels[first..<first + crop * 3]
    }
    return result
  }
}
