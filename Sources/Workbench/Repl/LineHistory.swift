#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Bindings

/// The lines of earlier sessions, a text file with one a line; sessions at the same time add to it without loss.
package struct LineHistory {
  /// The most lines that are read.
  package static let size = 1000
  private let path: String

  /// Names the file, which need not be there.
  package init(path: String) { self.path = path }

  /// The newest lines, oldest first.
  ///
  /// A file that has grown to more than twice the size is cut to it.
  package func lines() -> [String] {
    let all = (readText(path) ?? "").split(separator: "\n").map(String.init)
    let kept = Array(all.suffix(Self.size))
    if all.count > 2 * Self.size { write(kept, flags: O_TRUNC) }
    return kept
  }

  /// Adds a line.
  package func add(_ line: String) {
    if !line.isEmpty { write([line], flags: O_APPEND) }
  }

  private func write(_ lines: [String], flags: Int32) {
    guard UserFolders.make(path.split(separator: "/").dropLast().map { "/\($0)" }.joined()) else { return }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0o600)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var text = lines.map { $0 + "\n" }.joined()
    // A history that cannot be kept must not end the session.
    text.withUTF8 { _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
  }
}
