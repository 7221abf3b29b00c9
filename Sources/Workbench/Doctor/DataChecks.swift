import Bindings
import Interchange

/// Data sets that recipes and tests look for.
enum DataChecks {
  static var findings: [Doctor.Finding] { [fashion, pack] }

  private static var fashion: Doctor.Finding {
    let folder = FashionMNIST.defaultFolder
    let missing = ["train", "t10k"].flatMap { ["\($0)-images-idx3-ubyte", "\($0)-labels-idx1-ubyte"] }.filter
    {
      !FileStatus.exists("\(folder)/\($0)") && !FileStatus.exists("\(folder)/\($0).gz")
    }
    guard let first = missing.first else { return Doctor.Finding("Fashion-MNIST", .ok, folder) }
    return Doctor.Finding(
      "Fashion-MNIST", .warn, "\(folder) has no \(first)", fix: "apt-get install dataset-fashion-mnist")
  }

  private static var pack: Doctor.Finding {
    let folder = UserFolders.environment("AUGQ_SHARED") ?? "../shared"
    let parts = ["data/cifar10", "data/models", "golden"]
    let missing = parts.filter { !FileStatus.isFolder("\(folder)/\($0)") }
    if missing.isEmpty { return Doctor.Finding("data pack", .ok, folder) }
    let text =
      missing.count == parts.count
      ? "none at \(folder); recipes on CIFAR-10 and the tests against references need it"
      : "\(folder) has no \(missing.joined(separator: ", "))"
    return Doctor.Finding(
      "data pack", .warn, text, fix: "export AUGQ_SHARED=FOLDER, with \(parts[0]) in FOLDER")
  }
}
