import ArgumentParser
import Bindings
import LuaRuntime
import Workbench

/// `augq init`: a folder to begin in.
struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Write a recipe and the settings of editor, linter and formatter.",
    discussion: "Files that are there are kept; it lists them.")

  @Argument(help: "The folder; made when it is not there.")
  var folder = "."

  func run() throws {
    do {
      for line in try ProjectFolder(folder).write() { print(line) }
      print("next:   cd \(folder) && augq run recipe.lua")
    } catch {
      StandardError.write("augq: \(error)\n")
      throw ExitCode((error as? any ExitCoded)?.exitCode ?? ScriptRunner.ExitCode.cannotWrite)
    }
  }
}
