import Bindings
import TestSupport
import Testing
import Workbench

/// Lines fed one after the other, and what came of each.
struct Dialogue: Sendable, CustomStringConvertible {
  let lines: [(line: String, reply: Interpreter.Reply)]
  init(_ lines: [(line: String, reply: Interpreter.Reply)]) { self.lines = lines }
  var description: String { lines.first?.line ?? "" }
}

@Suite struct InterpreterTests {
  private static func interpreter(_ numbers: Interpreter.LineNumbers = .ofChunk) throws -> Interpreter {
    try Interpreter(session: Session(scriptPath: "stdin", arguments: []), lineNumbers: numbers)
  }

  static let dialogues = [
    Dialogue([("1 + 1", .done("2\n")), ("_ * 10, _1", .done("20\n2\n")), ("_, _2, _3", .done("20\n20\n2\n"))]
    ),
    Dialogue([("x = 5", .done("")), ("x", .done("5\n")), ("x;", .done("")), ("_", .done("5\n"))]),
    Dialogue([
      ("'a;'", .done("\"a;\"\n")), ("7; -- ;", .done("")), ("7 -- ;", .done("7\n")),
    ]),
    Dialogue([
      ("local n = 3", .done("")), ("local function f() return n end", .done("")), ("f()", .done("3\n")),
    ]),
    Dialogue([
      ("for i = 1, 2 do", .waiting), ("n = i", .waiting), ("end", .done("")), ("n", .done("2\n")),
    ]),
    Dialogue([("string.rep(", .waiting), ("'ab', 2", .waiting), (")", .done("\"abab\"\n"))]),
    Dialogue([("s = [[a", .waiting), ("b]]", .done("")), ("#s", .done("3\n"))]),
    Dialogue([("1 +", .waiting), ("2", .done("3\n"))]),
    Dialogue([("return 7", .done("7\n")), ("", .done("")), ("-- remark", .done("")), ("nil", .done("nil\n"))]
    ),
    Dialogue([("do local a = 1 end", .done("")), ("rawget(_G, 'a')", .done("nil\n"))]),
    Dialogue([
      ("error 'broken'", .failed("stdin:1: broken")),
      ("error { 1 }", .failed("stdin:1: the error raised is a table, not a text")),
      ("1", .done("1\n")),
    ]),
    Dialogue([
      ("x = 'open", .failed("stdin:1: unfinished string near <eof>")),
      ("x = = 2", .failed("stdin:1: unexpected symbol near '='")),
      ("1 + + 2", .failed("stdin:1: unexpected symbol near '+'")),
      ("foo bar", .failed("stdin:1: syntax error near 'bar'")),
      ("misspelt", .failed("stdin:1: global 'misspelt' is not defined. Check its spelling.")),
    ]),
    Dialogue([
      (
        "augq.quantize(1)", .failed("stdin:1: augq.quantize: argument 1 (model) is 1; expected an augq.Model")
      ),
      (
        "augq.load 'nothing'",
        .failed("stdin:1: cannot read nothing.lua: No such file or directory. Check the path.")
      ),
    ]),
    Dialogue([
      ("function f()", .waiting), ("  error 'inside'", .waiting), ("end", .done("")),
      ("f()", .failed("stdin:2: inside\nstack traceback:\n\tstdin:2: in function 'f'")),
    ]),
    Dialogue([
      ("do", .waiting), ("  local x = nil + 1", .waiting),
      (
        "end",
        .failed("stdin:2: attempt to perform arithmetic on a nil value\n    local x = nil + 1\n    ^")
      ),
    ]),
    Dialogue([
      (":paste", .waiting), ("local a = 4", .waiting), ("", .waiting),
      ("function g() return a end", .waiting),
      (":end", .done("")), ("g()", .done("4\n")),
    ]),
    Dialogue([
      (":paste", .waiting), ("if true then", .waiting),
      (":end", .failed("stdin:1: 'end' expected near <eof>")),
      ("2", .done("2\n")),
    ]),
    Dialogue([("::top::", .done("")), (":quit", .ended), (":q", .ended)]),
    Dialogue([
      (
        ":qit",
        .failed("there is no command ':qit'. Did you mean 'quit'? ':help' lists them.")
      ),
      ("?tensr", .failed("nothing is documented as 'tensr'. Did you mean augq.Tensor or augq.tensor?")),
    ]),
    Dialogue([
      ("t = augq.tensor.of({ 2, 2 }, { 0, 1, -2.5, 3 })", .done("")),
      (
        "t",
        .done(
          "Tensor 2x2, FP32, 16 bytes: min -2.5, max 3, mean 0.375, zeros 25.0 %\n     0     1\n  -2.5     3\n"
        )
      ),
      ("n = 1", .done("")),
      (":who", .done("n  number  1\nt  augq.Tensor  Tensor 2x2 {0.0, 1.0, -2.5, 3.0}\n")),
    ]),
    Dialogue([
      (
        "augq.tensor.of({ 3 }, { 0/0, 1/0, 2 })",
        .done(
          "Tensor 3, FP32, 12 bytes: min 2, max 2, mean 2, zeros 0.0 %; 2 NaN or infinite\n  nan  inf    2\n")
      ),
      ("augq.tensor.zeros { 0, 3 }", .done("Tensor 0x3, FP32, 0 bytes\n")),
      (
        "augq.tensor.zeros { 2, 3, 5, 7 }",
        .done(
          "Tensor 2x3x5x7, FP32, 840 bytes: min 0, max 0, mean 0, zeros 100.0 %\n  at 1, 1, …:\n"
            + String(repeating: "  0  0  0  0  0  0  …\n", count: 4) + "  …\n")
      ),
    ]),
    Dialogue([
      ("{}", .done("{}\n")), ("{ 1, { 'a', k = {} } }", .done("{ 1, { \"a\", k = {} } }\n")),
      ("{ [3] = 'c', ['end'] = true, x = 1 }", .done("{ [3] = \"c\", [\"end\"] = true, x = 1 }\n")),
      ("setmetatable({}, { __tostring = function() return 'own' end })", .done("own\n")),
      ("augq.quantize", .done("function augq.quantize  (?augq.quantize tells more)\n")),
      ("0/0, 1e300, 3.0, 1 << 62", .done("nan\n1e+300\n3.0\n4611686018427387904\n")),
    ]),
    Dialogue([("{ { { { { 1 } } } } }", .done("{ { { { { … } } } } }\n"))]),
  ]

  @Test(arguments: dialogues)
  func answersLineByLine(_ dialogue: Dialogue) throws {
    let interpreter = try Self.interpreter()

    for (line, reply) in dialogue.lines { #expect(interpreter.feed(line) == reply, "\(line)") }
  }

  @Test func linesOfASessionAreCountedThroughout() throws {
    let interpreter = try Self.interpreter(.ofSession)

    _ = interpreter.feed("x = 1")
    _ = interpreter.feed("do")
    _ = interpreter.feed("  x = x + nil")

    #expect(interpreter.feed("end") == .failed("stdin:3: attempt to perform arithmetic on a nil value"))
    #expect(interpreter.feed("error 'next'") == .failed("stdin:5: next"))
  }

  @Test func anAbandonedChunkLeavesNothing() throws {
    let interpreter = try Self.interpreter()
    #expect(interpreter.feed("f(") == .waiting)
    #expect(interpreter.isWaiting)

    interpreter.abandon()

    #expect(!interpreter.isWaiting)
    #expect(interpreter.feed("1") == .done("1\n"))
  }

  @Test func oldResultsAreForgotten() throws {
    let interpreter = try Self.interpreter()
    for number in 1...25 { _ = interpreter.feed("\(number * 10)") }

    #expect(interpreter.feed("rawget(_G, '_5'), _6") == .done("nil\n60\n"))
  }

  @Test func helpIsTheManualsForNamesAndForVariables() throws {
    let interpreter = try Self.interpreter()
    _ = interpreter.feed("local grid, t = augq.granularity, augq.tensor.zeros { 1 }")

    #expect(interpreter.feed("?augq.Tensor") == .done(try Documentation.text(for: "augq.Tensor").get()))
    #expect(interpreter.feed("?t") == interpreter.feed("?augq.Tensor"))
    #expect(interpreter.feed("?t:sum") == interpreter.feed(":doc Tensor.sum"))
    #expect(interpreter.feed("?grid.augq") == interpreter.feed("?augq.granularity.augq"))
    #expect(interpreter.feed("?") == .done(Documentation.overview))
  }

  @Test func timeAndMemoryAreTold() throws {
    let interpreter = try Self.interpreter()

    guard case .done(let timed) = interpreter.feed(":time 1 + 1"),
      case .done(let last) = interpreter.feed(":time"),
      case .done(let memory) = interpreter.feed(":mem")
    else {
      Issue.record("a command failed")
      return
    }
    #expect(timed == "2\n" + last)
    #expect(last.hasSuffix(" s\n"))
    #expect(memory.split(separator: "\n").count == 4)
    #expect(interpreter.feed(":time f(") == .failed("stdin:1: unexpected symbol near <eof>"))
  }

  @Test func everyKindOfObjectShowsWhatItHolds() throws {
    let interpreter = try Self.interpreter()
    for line in [
      "g = augq.graph { 8, 8, 1 }",
      "g:linear(g:flatten(g:relu(g:conv2d(g.input, { filters = 4, kernel = 3, name = 'c' }))), { features = 3 });",
      "m = augq.build(g)",
      "w = augq.granularity.augq { bits = 2, intervals = 4 }",
      "q = augq.quantize(m, { weights = w })",
    ] { #expect(interpreter.feed(line) == .done(""), "\(line)") }
    func text(_ line: String) -> String {
      if case .done(let text) = interpreter.feed(line) { text } else { "failed" }
    }

    #expect(text("g").contains("relu2     relu     6x6x4\n"), "\(text("g"))")
    #expect(text("m").contains("c         conv2d   6x6x4       40\n"), "\(text("m"))")
    #expect(text("q").contains("c.weight"), "\(text("q"))")
    #expect(text("w") == "2 bits x 4 intervals per tensor, clamp\n")
  }

  @Test func historyKeepsTheNewestLinesOfAllSessions() throws {
    let scratch = try Scratch()
    let path = scratch.path("state/history")
    let (first, second) = (LineHistory(path: path), LineHistory(path: path))
    #expect(first.lines().isEmpty)

    first.add("one")
    second.add("two")
    first.add("")
    #expect(second.lines() == ["one", "two"])

    for number in 0..<2 * LineHistory.size { first.add("\(number)") }
    #expect(first.lines().count == LineHistory.size)
    #expect(first.lines().last == "\(2 * LineHistory.size - 1)")
  }
}
