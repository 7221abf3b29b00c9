import ArgumentParser
import Bindings
import Runs
import Tensors

/// What bounds the native work and the memory of a session.
struct Resources: ParsableArguments {
  @Option(
    help: "Most memory for Lua and its tensors, such as 500M or 2G (untrusted recipes: 2G unless given).")
  var memory: ByteCount?

  @Option(help: "Threads of native work; results do not depend on it.")
  var threads: Int?

  @OptionGroup var extensions: PluginOptions

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads is \(threads); give 1 ... 1024.")
    }
  }

  /// The number of threads of native work.
  var threadCount: Int { threads ?? Execution.machineThreads }

  /// The options as they were given, the number of threads always.
  var arguments: [String] {
    (memory.map { ["--memory", $0.text] } ?? []) + ["--threads", "\(threadCount)"]
      + extensions.plugins.flatMap { ["--plugins", $0] }
  }

  /// Makes a session within the bounds.
  ///
  /// - Parameter memory: Bytes, instead of the option's.
  func session(
    scriptPath: String, arguments: [String], memory: Int? = nil, journal: RunJournal = .none
  ) -> Session {
    Storage.keepFreedBlocks()
    return Session(
      scriptPath: scriptPath, arguments: arguments, threads: threadCount,
      memoryLimit: memory ?? self.memory?.value ?? 0, pluginFolders: extensions.plugins,
      allowedNative: extensions.allowNative,
      journal: journal)
  }
}
