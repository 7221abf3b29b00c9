import Bindings
import LuaRuntime
import TestSupport
import Testing
import Workbench

/// A text before the cursor and what TAB offers there.
struct TabCase: Sendable, CustomStringConvertible {
  let text: String
  let insertion: String
  var offered: [String] = []
  var description: String { text }
}

@Suite struct CompletionTests {
  static let setup = [
    "grid = augq.granularity", "t = augq.tensor.zeros { 2 }", "word = 'x'",
    "m = { inner = { leaf = 1, lead = print } }",
    "g = augq.graph { 4, 4, 1 }",
  ]

  static let cases = [
    TabCase(text: "aug", insertion: "q"),
    TabCase(text: "whi", insertion: "le"),
    TabCase(text: "print(wor", insertion: "d"),
    TabCase(text: "augq.quan", insertion: "tize"),
    TabCase(text: "augq.tensor.", insertion: "", offered: ["full", "load", "normal", "of", "zeros"]),
    TabCase(text: "x = augq . tensor . z", insertion: "eros"),
    TabCase(text: "m.inner.", insertion: "lea", offered: ["lead", "leaf"]),
    TabCase(text: "m.inner:", insertion: "lead"),
    TabCase(text: "grid.aug", insertion: "q"),
    TabCase(text: "t:re", insertion: "shape"),
    TabCase(text: "t.", insertion: "", offered: ["count", "shape"]),
    TabCase(text: "word:upp", insertion: "er"),
    TabCase(text: "'text':gsu", insertion: "b"),
    TabCase(text: "augq.load('x').gra", insertion: "ph"),
    TabCase(text: "augq.load 'x':fold", insertion: "_batch_norm"),
    TabCase(text: "augq.load('x').graph:glob", insertion: "al_average_pool"),
    TabCase(text: "augq.load('x').graph.input.sh", insertion: "ape"),
    TabCase(text: "require 'augq'.quan", insertion: "tize"),
    TabCase(text: "require('augq').granularity.uni", insertion: "form"),
    TabCase(text: "augq.quantize(m, { we", insertion: "ights = "),
    TabCase(
      text: "augq.quantize(m, { weights = 1, ", insertion: "",
      offered: ["activations", "calibration", "first_last", "gradient", "layers", "nodes"]),
    TabCase(text: "augq.quantize(m, {\n  weights = f { 1, 2 },\n  cal", insertion: "ibration = "),
    TabCase(text: "grid.augq { inter", insertion: "vals = "),
    TabCase(text: "g:conv2d(g.input, { fil", insertion: "ters = "),
    TabCase(text: "augq.quantize(m, { weights = wor", insertion: "d"),
    TabCase(text: "grid.augq { observer = \"per", insertion: "centile\""),
    TabCase(text: "grid.augq { mode = '", insertion: "", offered: ["clamp", "published"]),
    TabCase(text: "io.open('Package.sw", insertion: "ift"),
    TabCase(text: "x = \"Sources/Work", insertion: "bench/"),
    TabCase(text: "dofile 'Sources/Workbench/Repl/LuaL", insertion: "exer.swift"),
    TabCase(text: ":pas", insertion: "te"),
    TabCase(text: "?augq.Tensor:to", insertion: "uch"),
    TabCase(text: ":doc augq.quant", insertion: "ize"),
    TabCase(text: "-- aug", insertion: ""),
    TabCase(text: "x = 12", insertion: ""),
    TabCase(text: "f(t) ", insertion: ""),
    TabCase(text: "unknown.na", insertion: ""),
    TabCase(text: "unknown(1):na", insertion: ""),
    TabCase(text: "a.b[1].", insertion: ""),
    TabCase(text: ").", insertion: ""),
    TabCase(text: "{ }.", insertion: ""),
    TabCase(text: "print(augq.", insertion: "", offered: []),
  ]

  @Test(arguments: cases)
  func offersWhatFits(_ example: TabCase) throws {
    let interpreter = try Interpreter(
      session: Session(scriptPath: "stdin", arguments: []), lineNumbers: .ofChunk)
    for line in Self.setup { #expect(interpreter.feed(line) == .done("")) }

    let completion = interpreter.completion(example.text)

    #expect(completion.insertion == example.insertion, "\(completion)")
    if !example.offered.isEmpty { #expect(completion.candidates == example.offered) }
  }

  @Test func linesBeforeBelongToTheText() throws {
    let interpreter = try Interpreter(
      session: Session(scriptPath: "stdin", arguments: []), lineNumbers: .ofChunk)
    #expect(interpreter.feed("augq.quantize(m, {") == .waiting)

    #expect(interpreter.completion("  we").insertion == "ights = ")
  }

  /// Every function with options offers all of them, and every class its methods.
  @Test func everyOptionAndMethodOfTheTablesIsOffered() throws {
    let interpreter = try Interpreter(
      session: Session(scriptPath: "stdin", arguments: []), lineNumbers: .ofChunk)

    for entry in Documentation.entries {
      guard case .function(let row) = entry.topic, !row.options.isEmpty, !entry.name.contains(":") else {
        continue
      }
      let offered = interpreter.completion("\(entry.name)(x, { ").candidates
      #expect(offered == row.options.map(\.name).sorted(), "\(entry.name)")
    }
  }
}
