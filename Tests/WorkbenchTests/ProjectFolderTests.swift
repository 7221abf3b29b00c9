import Foundation
import TestSupport
import Testing
import Workbench

@Suite struct ProjectFolderTests {
  @Test func writesEveryFileOnceAndKeepsWhatIsThere() throws {
    let folder = try Scratch()
    try folder.write("-- mine\n", to: "new/project/recipe.lua")

    let first = try AugqProcess.run(["init", "new/project"], in: folder.url)
    let second = try AugqProcess.run(["init", "new/project"], in: folder.url)

    #expect(first.status == 0 && second.status == 0, "\(first.errors)")
    #expect(first.output.hasPrefix("kept    new/project/recipe.lua\nwrote   new/project/types/augq.lua"))
    for file in ProjectFolder.files {
      #expect(second.output.contains("kept    new/project/\(file.name)\n"))
      #expect(FileManager.default.fileExists(atPath: folder.path("new/project/\(file.name)")))
    }
    #expect(try String(contentsOfFile: folder.path("new/project/recipe.lua"), encoding: .utf8) == "-- mine\n")
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: folder.path("new/project/types/augq.lua")))
        == Data(contentsOf: URL(fileURLWithPath: "Scripts/types/augq.lua")))
  }

  @Test func settingsOfTheLanguageServerAreJSON() throws {
    let folder = try Scratch()
    _ = try AugqProcess.run(["init"], in: folder.url)

    let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.path(".luarc.json")))
    let settings = try JSONSerialization.jsonObject(with: bytes) as? [String: Any]
    #expect(settings?["workspace.library"] as? [String] == ["types"])
    #expect(settings?["runtime.version"] as? String == "Lua 5.4")
  }

  @Test(arguments: [[:], ["AUGQ_FASHION_MNIST": "nowhere"]])
  func theRecipeRunsAsItIs(environment: [String: String]) throws {
    let folder = try Scratch()
    _ = try AugqProcess.run(["init"], in: folder.url)

    let outcome = try AugqProcess.run(
      ["run", "recipe.lua", "--smoke"], in: folder.url, environment: environment)

    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("integer only"))
    if !environment.isEmpty { #expect(outcome.output.contains("synthetic gratings")) }
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/luacheck")))
  func everythingWrittenPassesLuacheck() throws {
    let folder = try Scratch()
    _ = try AugqProcess.run(["init"], in: folder.url)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/luacheck")
    process.arguments = ["--no-color", "."]
    process.currentDirectoryURL = folder.url
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()

    #expect(process.terminationStatus == 0, "\(text)")
  }

  @Test func aFolderThatCannotBeMadeEndsWith73() throws {
    let folder = try Scratch()
    try folder.write("", to: "file")

    let outcome = try AugqProcess.run(["init", "file/project"], in: folder.url)

    #expect(outcome.status == 73)
    #expect(
      outcome.errors == "augq: cannot write file/project/recipe.lua: Not a directory. "
        + "Nothing was changed; check the folder and the free space.\n")
  }
}
