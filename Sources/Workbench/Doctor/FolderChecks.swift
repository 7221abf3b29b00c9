#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Bindings
import Reporting

/// Folders the workbench writes to, and the stubs of the project it is called in.
enum FolderChecks {
  static var findings: [Doctor.Finding] {
    [
      finding("state folder", UserFolders.state, .warn, "XDG_STATE_HOME"),
      finding("data folder", UserFolders.data, .warn, "XDG_DATA_HOME"),
      finding("cache folder", UserFolders.cache, .warn, "XDG_CACHE_HOME"),
      finding("temporary folder", UserFolders.temporary, .error, "TMPDIR"), stubs,
    ].compactMap { $0 }
  }

  private static let leastFree = 500_000_000

  private static func finding(
    _ check: String, _ path: String, _ status: Doctor.Status, _ variable: String
  ) -> Doctor.Finding {
    // A folder that is not there is made when it is needed, in the nearest one above that is.
    var place = path
    while access(place, F_OK) != 0, place != "/", place != "." { place = FileStatus.folder(of: place) }
    guard FileStatus.isFolder(place), access(place, W_OK | X_OK) == 0 else {
      return Doctor.Finding(
        check, status, "\(path) cannot be written: \(place) does not allow it",
        fix: "export \(variable)=FOLDER, or chmod u+rwx '\(place)'")
    }
    var system = statvfs()
    guard statvfs(place, &system) == 0 else { return Doctor.Finding(check, .ok, path) }
    let free = Int(clamping: UInt64(system.f_bavail) * UInt64(system.f_frsize))
    guard free < leastFree else { return Doctor.Finding(check, .ok, "\(path), \(Decimal.bytes(free)) free") }
    return Doctor.Finding(
      check, .warn, "\(path) has only \(Decimal.bytes(free)) free",
      fix: "export \(variable)=FOLDER on a larger disk")
  }

  /// Stubs that are not of this version make editors complain about right recipes.
  private static var stubs: Doctor.Finding? {
    guard let path = ["Scripts/types/augq.lua", "types/augq.lua"].first(where: FileStatus.exists) else {
      return nil
    }
    return readText(path) == StubFile.current
      ? Doctor.Finding("stubs", .ok, path)
      : Doctor.Finding("stubs", .warn, "\(path) is of another version", fix: "augq docs --file \(path)")
  }
}
