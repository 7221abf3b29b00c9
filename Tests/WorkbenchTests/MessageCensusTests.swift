import Foundation
import TestSupport
import Testing

/// Every message that a user can meet has a test on its whole text.
@Suite struct MessageCensusTests {
  /// Messages without a test, by file and beginning, and why.
  static let exceptions: [(file: String, beginning: String, reason: String)] = [
    ("Benchmarks/ChildProcess", "", "only with the Python environment of the peers"),
    ("Benchmarks/Peers", "", "only with the Python environment of the peers"),
    ("Bindings/Library", "help was printed", "ends a recipe with code 0, which prints nothing"),
    (
      "Bindings/Plugins/Plugin.", "…: the … plugin '…' has no function",
      "a plugin is checked for them when it is read"
    ),
    ("Bindings/Plugins/PluginLaws", "the shape becomes", "checked where the plugin returns it, too"),
    ("Bindings/Plugins/PluginLaws", "a value is not finite", "checked where the plugin returns it, too"),
    ("Bindings/Plugins/PluginLaws", "group … has no levels", "checked where the plugin returns them, too"),
    ("Bindings/Plugins/PluginLaws", "code … is outside", "checked where the plugin returns it, too"),
    ("Bindings/Plugins/PluginLaws", "… stored bits", "a law of the kernels' own accounting"),
    ("Bindings/Plugins/PluginLaws", "storage of …", "a law of the kernels' own accounting"),
    ("Bindings/Plugins/PluginLaws", "the gradient is not", "checked where the plugin returns it, too"),
    ("Interchange/FileAccess", "Check the file system.", "a file that opens and cannot be mapped"),
    ("Interchange/Gzip", "zlib could not start", "no memory"),
    ("Interchange/ImageFiles", "there is no memory", "no memory"),
    (
      "Interchange/ONNX/ONNXGraphBuilder", "the … is not given", "importers of operators give every parameter"
    ),
    ("Layers/Model+Execution", "a later node", "nodes are computed in order"),
    ("Layers/Window", "oneDNN … refused", "no memory for oneDNN"),
    ("LuaRuntime/LuaCall", "the object is closed", "Lua describes closed objects itself"),
    ("LuaRuntime/LuaState+Running", "unknown error", "Lua leaves a text"),
    ("LuaRuntime/LuaState.", "not enough memory to start Lua", "no memory"),
    ("Packing/PackedFile+Disk", "rename a file to", "a folder that goes while a file is written"),
    ("Quantizers/RoundingLevels", "… does not list the levels", "every grid of ours lists them"),
    ("Reconstruction/CalibrationCache", "reserve space in", "a full disk"),
    ("Reconstruction/CalibrationCache", "map a file in", "no address space"),
    ("Reconstruction/ClosedForm/HessianFactor", "the Hessian of", "rounding errors beyond 1000 diagonals"),
    ("Reconstruction/ClosedForm/LayerMoments", "oneDNN … refused", "no memory for oneDNN"),
    ("Workbench/ChildProcess", "cannot make a pipe", "no file descriptors"),
    ("Workbench/PluginWorkbench", "augq: … ended the process", "only native code can end the process"),
    ("Workbench/ScriptRunner", "augq: warning", "no call is deprecated yet"),
  ]

  private static func sources(_ folder: String, _ ending: String) -> [String] {
    let files = FileManager.default.enumerator(atPath: AugqProcess.packageFolder.appending(path: folder).path)
    let names = (files?.compactMap { $0 as? String } ?? []).filter {
      $0.hasSuffix(ending) && !$0.hasSuffix(".pb.swift") && !$0.contains("MessageCensus")
    }
    return names.sorted().map { "\(folder)/\($0)" }
  }

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: AugqProcess.packageFolder.appending(path: path), encoding: .utf8)
  }

  private static func messages() throws -> [MessageTemplate] {
    let files =
      sources("Sources", ".swift").map { ($0, SourceLanguage.swift) }
      + sources("Sources/CLuaShim", ".c").map { ($0, .c) }
      + (sources("Plugins", ".lua") + sources("Scripts", ".lua")).map { ($0, .lua) }
    return try files.flatMap { try MessageScanner.messages(in: text($0), $1, file: $0) }
  }

  private static func covers(
    _ exception: (file: String, beginning: String, reason: String), _ message: MessageTemplate
  )
    -> Bool
  {
    message.file.hasPrefix("Sources/" + exception.file) && message.text.hasPrefix(exception.beginning)
  }

  @Test func everyMessageIsExpectedWholeByATest() throws {
    let expected = ExpectedTexts(try Self.sources("Tests", ".swift").map(Self.text))
    let messages = try Self.messages()

    let missing = messages.filter { message in
      !Self.exceptions.contains { Self.covers($0, message) } && !expected.contain(message)
    }

    #expect(messages.count > 500)
    #expect(missing.isEmpty, "\(missing.map(\.description).joined(separator: "\n"))")
  }

  @Test func everyExceptionIsStillThere() throws {
    let messages = try Self.messages()
    for exception in Self.exceptions {
      #expect(messages.contains { Self.covers(exception, $0) }, "\(exception)")
    }
  }

  static let samples: [(language: SourceLanguage, text: String, messages: [String])] = [
    (
      .swift, #"throw LuaUsageError("the value is \(x ? "a" : b(")")); give " + "more")"#,
      ["1: the value is …; give more"]
    ),
    (
      .swift, #"throw .one("no file '" + name + "' here", n == 1 ? "it is old" : "it is new")"#,
      ["1: no file '…' here", "1: it is old", "1: it is new"]
    ),
    (.swift, "let a = \"not a message\" // throw f(\"a comment here\")\nthrow f(\"word\")", []),
    (
      .swift, "func lost(_ n: Int) -> ThisError { .invalid(\"\"\"\n  two lines \\\n  of it\n  \"\"\") }",
      ["1: \n  two lines of it\n  "]
    ),
    (
      .swift,
      #"enum E: Error, Equatable { var description: String { switch self { case .a: "it is \(n) long" } } }"#,
      ["1: it is … long"]
    ),
    (
      .swift, "let lua = \"\"\"\n  f()\n  if x then error(\"no \" .. x .. \" here\") end\n  \"\"\"",
      ["4: no … here"]
    ),
    (
      .lua, "error(string.format('%s: %d%% is too much', a, b), 0) -- error 'never said'\nerror \"one line\"",
      ["1: …: …% is too much", "2: one line"]
    ),
    (
      .c,
      "if (a == '\"') luaL_error(L, \"bad index %%%d \" \"of %.3f\", 1, 2); /* luaL_error(\"no such\") */",
      ["1: bad index %… of …"]
    ),
  ]

  @Test(arguments: samples.indices) func messagesAreFoundInASource(_ index: Int) {
    let sample = Self.samples[index]
    let found = MessageScanner.messages(in: sample.text, sample.language, file: "a")
    #expect(found.map { "\($0.line): \($0.text)" } == sample.messages)
  }

  /// What a test expects, and whether that holds the message `node '…' has … levels; give fewer`.
  static let expectations: [(text: String, holds: Bool)] = [
    (#"#expect(message == "a.lua:1: node '\(name)' has 300 levels; give fewer.")"#, true),
    (#""node 'a' has 3 " + "levels; give fewer""#, true),
    (#""node 'a' has 3 levels; give""#, false),
    (#""node 'a' has 3 levels", "; give fewer""#, false),
    (#""the node 'a' has levels; give fewerest""#, false),
    (#""node 'a' levels; give fewer has ""#, false),
    ("\"\"\"\nnode 'a' has 3\n levels; give fewer\n\"\"\"", false),
    (#"// "node 'a' has 3 levels; give fewer""#, false),
  ]

  @Test(arguments: expectations.indices) func onlyWholeMessagesCount(_ index: Int) {
    let row = Self.expectations[index]
    let message = MessageTemplate(file: "a", line: 1, parts: ["node '", "' has ", " levels; give fewer"])
    #expect(ExpectedTexts([row.text]).contain(message) == row.holds)
  }
}
