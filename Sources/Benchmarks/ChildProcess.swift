#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Reconstruction
import Tensors

/// Runs another program and waits for it.
enum ChildProcess {
  /// How a program ended and what it took.
  struct Outcome {
    let seconds: Double
    let output: String
  }

  /// A program that could not be run or failed.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// The running program's own file.
  static var ownExecutable: String {
    var path = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    return String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Writes a text to a new temporary file and returns its path.
  static func temporaryFile(_ text: String) throws -> String {
    let folder = CalibrationCache.temporaryFolder
    var template = Array("\(folder)/augq-bench-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw Failure(description: "cannot make a temporary file in \(folder)") }
    defer { close(descriptor) }
    var text = text
    text.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func remove(_ path: String) { unlink(path) }

  /// Runs a program found by PATH; standard output is collected, standard error passed on.
  ///
  /// - Throws: ``Failure`` when it cannot be run or does not end with 0.
  static func run(_ arguments: [String]) throws -> Outcome {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw Failure(description: "cannot make a pipe") }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_addclose(&actions, ends[0])
    var pointers = arguments.map { strdup($0) }
    pointers.append(nil)
    defer { pointers.forEach { free($0) } }
    let begin = ContinuousClock.now
    var process: pid_t = 0
    let spawned = posix_spawnp(&process, arguments[0], &actions, nil, pointers, environ)
    posix_spawn_file_actions_destroy(&actions)
    close(ends[1])
    defer { close(ends[0]) }
    guard spawned == 0 else {
      throw Failure(description: "cannot run \(arguments[0]): \(String(cString: strerror(spawned)))")
    }
    var output: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(ends[0], &block, block.count)
      if count <= 0 { break }
      output += block[..<count]
    }
    var status: Int32 = 0
    waitpid(process, &status, 0)
    let seconds = (ContinuousClock.now - begin).seconds
    guard status == 0 else {
      throw Failure(
        description:
          "'\(arguments.joined(separator: " "))' ended with status \(status); its messages are above")
    }
    return Outcome(seconds: seconds, output: String(decoding: output, as: UTF8.self))
  }
}
