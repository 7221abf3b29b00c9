import Tensors

/// A folder with one folder of JPEG and PNG files per class.
public enum ImageFolder {
  private static let endings = [".jpg", ".jpeg", ".png"]
  private static let largestClassCount = 1 << 20

  /// Lists a folder; images are decoded when they are asked for, so memory does not grow with their number.
  ///
  /// Class folders with numbers for names give their images that label; otherwise labels follow the names' order.
  /// Within a class images are in the order of their names.
  ///
  /// - Parameters:
  ///   - classCount: The number of classes; `nil` takes as many as the folders show.
  ///   - followsLinks: Whether links count; they may lead out of the folder.
  /// - Throws: ``InterchangeError`` that names the folder or the file.
  public static func load(
    _ folder: String, transform: ImageTransform = ImageTransform(), classCount: Int? = nil,
    followsLinks: Bool = true
  ) throws(InterchangeError) -> Dataset {
    func isTaken(_ path: String) -> Bool { followsLinks || !Folder.isLink(path) }
    let names = try Folder.entries(of: folder).filter {
      Folder.isFolder("\(folder)/\($0)") && isTaken("\(folder)/\($0)")
    }
    let classes = try self.classes(names, in: folder, classCount: classCount)
    var paths: [String] = []
    var labels: [Int] = []
    for (name, label) in zip(names, classes.labels) {
      for file in try Folder.entries(of: "\(folder)/\(name)")
      where isImage(file) && isTaken("\(folder)/\(name)/\(file)") {
        paths.append("\(folder)/\(name)/\(file)")
        labels.append(label)
      }
    }
    guard !paths.isEmpty else {
      throw .malformed(
        path: folder,
        problem: "none of its \(names.count) folders holds a .jpg, .jpeg or .png file. "
          + "Give a folder with one folder of images per class.")
    }
    let files = try ImageFiles(paths: paths, transform: transform)
    return try Dataset(
      name: folder, imageShape: files.shape, source: .images(files), count: paths.count, labels: labels,
      classNames: classes.names)
  }

  private static func isImage(_ name: String) -> Bool {
    endings.contains { name.lowercased().hasSuffix($0) }
  }

  /// The label of every class folder and the names of all classes.
  private static func classes(
    _ folders: [String], in path: String, classCount: Int?
  ) throws(InterchangeError) -> (labels: [Int], names: [String]) {
    let numbers = folders.compactMap { name in
      name.allSatisfy { $0.isASCII && $0.isNumber } ? Int(name) : nil
    }
    let isNumbered = numbers.count == folders.count
    let labels = isNumbered ? numbers : Array(folders.indices)
    let largest = labels.max() ?? 0
    let count = classCount ?? largest + 1
    guard largest < min(count, largestClassCount) else {
      let folder = folders[labels.firstIndex(of: largest) ?? 0]
      throw .malformed(
        path: "\(path)/\(folder)",
        problem: "class \(largest) is outside the \(min(count, largestClassCount)) classes. "
          + "Give more classes or remove the folder.")
    }
    var names = (0..<count).map(String.init)
    if !isNumbered { for (label, folder) in zip(labels, folders) { names[label] = folder } }
    return (labels, names)
  }
}
