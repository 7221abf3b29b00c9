import ArgumentParser
import Bindings
import Workbench

/// `augq plugin`: everything about plugins.
struct PluginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugin", abstract: "List, write, check and describe plugins.",
    discussion: "Kinds: \(PluginKind.all.map(\.name).joined(separator: ", ")).",
    subcommands: [List.self, New.self, Check.self, Test.self, Doc.self])

  /// Options of every subcommand.
  struct Shared: ParsableArguments {
    @OptionGroup var extensions: PluginOptions

    func workbench() throws -> PluginWorkbench {
      try PluginWorkbench(folders: extensions.plugins, allowedNative: extensions.allowNative)
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List plugins, hidden and broken ones included.")
    @OptionGroup var shared: Shared
    @Option(help: "Only this kind.") var kind: String?
    @Flag(help: "Print one JSON object a line.") var json = false

    func run() throws { try exit(shared.workbench().list(kind: kind, json: json)) }
  }

  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Write a working plugin, to be changed.")
    @OptionGroup var shared: Shared
    @Argument(help: "The kind.") var kind: String
    @Argument(help: "The name: letters, digits and _.") var name: String
    @Option(help: "The folder of plugins.") var folder = "Plugins"

    func run() throws { try exit(shared.workbench().create(kind: kind, name: name, folder: folder)) }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Load a plugin's file and try the laws of its kind, in a process of its own that can be stopped.")
    @OptionGroup var shared: Shared
    @Argument(help: "The file, …/KIND/NAME.lua.") var path: String
    @Option(help: "Seconds it may take.") var time = 60.0
    @Flag(help: .hidden) var inside = false

    func validate() throws {
      if !(time > 0) { throw ValidationError("--time is \(time); give seconds above 0.") }
    }

    func run() throws {
      if inside {
        let folders = PluginCatalogue.searchFolders(ofFile: path) + shared.extensions.plugins
        let workbench = try PluginWorkbench(
          folders: folders, allowedNative: shared.extensions.allowNative, memory: 1 << 30)
        return try exit(workbench.check(path: path))
      }
      try exit(
        PluginWorkbench.checkIsolated(path: path, options: shared.extensions.arguments, seconds: time))
    }
  }

  struct Test: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Try the laws on all plugins, or on those of a kind.")
    @OptionGroup var shared: Shared
    @Option(help: "Only this kind.") var kind: String?

    func run() throws { try exit(shared.workbench().test(kind: kind)) }
  }

  struct Doc: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Describe a plugin.")
    @OptionGroup var shared: Shared
    @Argument(help: "The kind.") var kind: String
    @Argument(help: "The name.") var name: String

    func run() throws { try exit(shared.workbench().document(kind: kind, name: name)) }
  }
}
