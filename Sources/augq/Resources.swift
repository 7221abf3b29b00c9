import ArgumentParser
import Bindings
import Tensors

/// What bounds the native work and the memory of a session.
struct Resources: ParsableArguments {
  @Option(help: "Most memory for Lua and its tensors, such as 500M or 2G.")
  var memory: ByteCount?

  @Option(help: "Threads of native work; results do not depend on it.")
  var threads: Int?

  @Option(help: "A folder of plugins that is searched first; may be given several times.")
  var plugins: [String] = []

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads is \(threads); give 1 ... 1024.")
    }
  }

  /// Makes a session within the bounds.
  func session(scriptPath: String, arguments: [String]) -> Session {
    Storage.keepFreedBlocks()
    return Session(
      scriptPath: scriptPath, arguments: arguments, threads: threads ?? Execution.machineThreads,
      memoryLimit: memory?.value ?? 0, pluginFolders: plugins)
  }
}
