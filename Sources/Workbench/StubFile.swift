#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Bindings
import LuaRuntime

/// The file of Lua stubs that editors read.
public enum StubFile {
  static var current: String {
    StubWriter.stubs(for: Documentation.module)
  }

  /// Writes the stubs; returns the exit code.
  public static func write(_ path: String) -> Int32 {
    let draft = path + ".new"
    guard writeText(current, draft), rename(draft, path) == 0 else {
      let reason = String(cString: strerror(errno))
      unlink(draft)
      StandardError.write("augq: cannot write \(path): \(reason). Check the folder and the free space.\n")
      return 73
    }
    return 0
  }

  /// Compares the file with the binding tables; prints the first line that differs.
  public static func check(_ path: String) -> Int32 {
    guard let text = readText(path) else {
      StandardError.write(
        "augq: cannot read \(path): \(String(cString: strerror(errno))). Write it with 'augq docs'.\n")
      return ScriptRunner.ExitCode.noInput
    }
    let (wanted, found) = (lines(current), lines(text))
    guard
      let line = (0..<max(wanted.count, found.count)).first(where: { wanted[safe: $0] != found[safe: $0] })
    else {
      print("\(path) matches the binding tables")
      return 0
    }
    let message =
      "\(path):\(line + 1): is \"\(found[safe: line] ?? "")\", but the binding tables give \"\(wanted[safe: line] ?? "")\". Run 'augq docs'."
    StandardError.write("augq: \(message)\n")
    return 1
  }

  private static func writeText(_ text: String, _ path: String) -> Bool {
    guard let file = fopen(path, "wb") else { return false }
    let isWritten = fputs(text, file) >= 0
    return fclose(file) == 0 && isWritten
  }

  private static func lines(_ text: String) -> [Substring] {
    text.split(separator: "\n", omittingEmptySubsequences: false)
  }
}

extension Array {
  fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
