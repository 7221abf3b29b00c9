#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Where the reference data outside the repository is: `AUGQ_SHARED`, by default `../shared`.
public enum SharedData {
  /// The folder that holds `data/` and `golden/`.
  public static var folder: String {
    getenv("AUGQ_SHARED").map { String(cString: $0) } ?? "../shared"
  }

  /// Whether the folder is there; tests that need it are skipped without it.
  public static var isPresent: Bool { access(folder + "/golden", R_OK) == 0 }

  /// The path of one file, given relative to the folder.
  public static func path(_ relative: String) -> String { folder + "/" + relative }
}
