import Foundation
import Runs
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// `augq batch` and `augq runs` as a user meets them: nothing is lost or repeated, whatever is killed.
@Suite struct BatchTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.write(
      """
      local augq = require "augq"
      local p = augq.params {
        a = { 1, "a" }, kind = { "x", "kind" }, pause = { 0.0, "seconds" }, fail = { "", "how it fails" },
      }
      local begin = os.clock()
      while os.clock() - begin < p.pause do end
      if p.fail == "error" then error "no luck" end
      if p.fail == "exit" then os.exit(75) end
      if p.fail == "once" then
        local mark = "tried-" .. p.a
        local file = io.open(mark)
        if not file then io.open(mark, "w"):close() error "the first time" end
      end
      for step = 1, 3 do augq.log("loss", p.a / step, step) end
      augq.log("score", p.a)
      print("trial", p.a)
      """, to: "trial.lua")
  }

  private func sweep(_ body: String, _ name: String = "sweep") throws {
    try scratch.write("return { script = 'trial.lua', \(body) }", to: "\(name).lua")
  }

  private func store() throws -> RunStore { try RunStore(root: scratch.path("runs")) }

  @Test func aSweepRunsOnceAndIsDone() throws {
    try sweep(
      "grid = { a = { 1, 2 }, kind = { 'x', 'y' } }, where = function(p) return p.a == 1 or p.kind == 'x' end"
    )
    let dry = try scratch.augq("batch", "sweep.lua", "--dry-run")
    #expect(dry.status == 0 && dry.errors == "sweep: 3 trials: 3 new; 3 to run\n", "\(dry)")
    let first = try scratch.augq("batch", "sweep.lua", "-j", "2")
    #expect(first.status == 0, "\(first.errors)")
    #expect(
      first.output.split(separator: "\n").prefix(4).map { $0.prefix(27) } == [
        "a  kind  loss  score  statu", "-  ----  ----  -----  -----", "1  x     0.33   1.00  done ",
        "1  y     0.33   1.00  done ",
      ], "\(first.output)")
    let runs = try store().runs()

    let again = try scratch.augq("batch", "sweep.lua")

    #expect(
      again.output == first.output && again.errors == "sweep: 3 trials: 3 done; 0 to run\n", "\(again.errors)"
    )
    #expect(try store().runs().map(\.result) == runs.map(\.result))
    let forced = try scratch.augq("batch", "sweep.lua", "--force")
    #expect(forced.errors.contains("3 to run") && forced.output == first.output)
    #expect(try store().runs().map(\.result.started) != runs.map(\.result.started))
    let log = try String(contentsOfFile: scratch.path("runs/\(runs[0].folder)/log.txt"), encoding: .utf8)
    #expect(log == "trial\t1\n")
  }

  @Test func aPlanSaysWhatChanged() throws {
    try sweep("grid = { a = { 1, 2 } }, inputs = { 'data.bin' }")
    try scratch.write("old", to: "data.bin")
    #expect(try scratch.augq("batch", "sweep.lua").status == 0)
    try scratch.write("new", to: "data.bin")
    try sweep("grid = { a = { 1, 2, 3 } }, inputs = { 'data.bin' }")

    let plan = try scratch.augq("batch", "sweep.lua", "--dry-run")

    #expect(plan.errors == "sweep: 3 trials: 2 changed: inputs, 1 new; 3 to run\n", "\(plan)")
  }

  @Test func failuresAreToldCountedAndTriedAgain() throws {
    try sweep(
      "zip = { a = { 1, 2, 3, 4 }, fail = { '', 'error', 'exit', '' } }, priority = function(p) return p.a end"
    )

    let outcome = try scratch.augq("batch", "sweep.lua")

    #expect(outcome.status == 2)
    let broken = try #require(try store().runs().first { $0.result.exitCode == 1 }?.result.id)
    #expect(
      outcome.errors.contains("augq: trial \(broken) (a=2 fail=error): ./trial.lua:7: no luck\n"),
      "\(outcome.errors)")
    #expect(outcome.errors.contains("(a=3 fail=exit): the process ended with code 75 and left no result\n"))
    let found = try store().runs().map(\.result)
    #expect(found.map { $0.parameters["a"] } == [4, 3, 2, 1].map { .integer($0) }, "priority")
    #expect(found.map(\.exitCode) == [0, 75, 1, 0])
    let failed = try scratch.augq("batch", "sweep.lua", "--only-failed")
    #expect(failed.status == 2 && failed.errors.contains("2 done, 2 failed; 2 to run"))

    try sweep("zip = { a = { 1, 2 }, fail = { 'once', 'error' } }, retries = 2", "retried")
    #expect(try scratch.augq("batch", "retried.lua").status == 2)
    #expect(try store().runs(sweep: "retried").map { $0.result.attempt } == [2, 3])

    try sweep("grid = { a = { 1, 2, 3, 4, 5, 6 } }, fixed = { fail = 'error' }", "fast")
    #expect(try scratch.augq("batch", "fast.lua", "--fail-fast").status == 2)
    #expect(try store().runs(sweep: "fast").count == 1)
    #expect(try scratch.augq("batch", "fast.lua", "--max-failures", "3", "--force").status == 2)
    #expect(try store().runs(sweep: "fast").count == 3)
  }

  @Test func limitsEndATrialAndNotTheBatch() throws {
    try sweep("zip = { a = { 1, 2 }, pause = { 60.0, 0.0 } }, time = 1")

    let outcome = try scratch.augq("batch", "sweep.lua")

    #expect(outcome.status == 2)
    #expect(
      outcome.errors.contains("stopped after the time limit of 1.0 s. Raise --time."), "\(outcome.errors)")
    #expect(try store().runs().map(\.result.exitCode).sorted() == [0, 124])
  }

  /// Parents and workers are killed at moments that differ from run to run; the end is that of a quiet one.
  @Test func killedBatchesGoOnWhereTheyWere() throws {
    let count = Int(ProcessInfo.processInfo.environment["AUGQ_BATCH_TRIALS"] ?? "") ?? 30
    let kills = Int(ProcessInfo.processInfo.environment["AUGQ_BATCH_KILLS"] ?? "") ?? 6
    let body = "grid = { a = { \((1...count).map(String.init).joined(separator: ", ")) }, pause = { 0.05 } }"
    try sweep(body)
    try sweep(body + ", name = 'quiet'", "quiet")
    let quiet = try scratch.augq("batch", "quiet.lua", "-j", "2")
    #expect(quiet.status == 0)

    var finished: [String: RunResult] = [:]
    for round in 0..<kills {
      let process = Process()
      process.executableURL = AugqProcess.executable
      process.arguments = ["batch", "sweep.lua", "-j", "2"]
      process.currentDirectoryURL = scratch.url
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      Thread.sleep(forTimeInterval: Double.random(in: 0.1...0.9))
      let workers = Self.children(of: process.processIdentifier)
      if round % 3 != 1 { kill(process.processIdentifier, SIGKILL) }
      if round % 3 != 0 { for worker in workers { kill(worker, SIGKILL) } }
      if round % 3 == 1 { kill(process.processIdentifier, SIGKILL) }
      process.waitUntilExit()
      // What was finished stays as it was.
      for run in try store().runs(sweep: "sweep") where run.result.status == .done {
        if let before = finished[run.result.id] { #expect(before == run.result) }
        finished[run.result.id] = run.result
      }
      #expect(try store().damage() == [])
    }
    let outcome = try scratch.augq("batch", "sweep.lua", "-j", "2")

    #expect(outcome.status == 0, "\(outcome.errors)")
    // The ids are of the sweep: the last column differs.
    func cells(_ text: String) -> [Substring] { text.split(separator: "\n").map { $0.dropLast(16) } }
    #expect(cells(outcome.output) == cells(quiet.output))
    let found = try store().runs(sweep: "sweep")
    #expect(found.count == count && found.allSatisfy { $0.result.status == .done })
    for (id, result) in finished { #expect(found.first { $0.result.id == id }?.result == result) }
    #expect(try store().damage() == [])
    // The folders are the truth: a store made anew has the same.
    let before = try store().runs().map(\.result)
    let rebuilt = try scratch.augq("runs", "rebuild")
    #expect(rebuilt.output == "took in \(2 * count) runs\n" && rebuilt.status == 0)
    #expect(try store().runs().map(\.result) == before)
  }

  private static func children(of parent: Int32) -> [Int32] {
    let text = try? String(contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8)
    // Threads start workers: every task has its own.
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(parent)/task")) ?? []
    let all = tasks.compactMap {
      try? String(contentsOfFile: "/proc/\(parent)/task/\($0)/children", encoding: .utf8)
    }
    return (all + [text ?? ""]).flatMap { $0.split(separator: " ") }.compactMap { Int32($0) }
  }

  @Test func aReportIsOnePageOfMeansAndPicturesTheSameEachTime() throws {
    try scratch.write(
      """
      local augq = require "augq"
      local p = augq.params { bits = { 1, "b" }, granularity = { "x", "g" }, seed = { 1, "s" } }
      augq.log("stored_bits", p.bits)
      augq.log("top1", 80 + p.bits + p.seed)
      for step = 1, 5 do augq.log("loss", 1 / step, step) end
      """, to: "trial.lua")
    try sweep("grid = { bits = { 2, 10 }, granularity = { '<b>', 'uniform' }, seed = { 1, 3 } }")
    #expect(try scratch.augq("batch", "sweep.lua", "-j", "2").status == 0)

    let outcome = try scratch.augq("report", "--sweep", "sweep", "-o", "a.html")

    #expect(outcome.status == 0 && outcome.errors == "wrote a.html\n", "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n")
    #expect(
      lines.count == 6 && lines[2] == "2     <b>             2  0.20 ± 0.00  2.00 ± 0.00   84.00 ± 1.41",
      "\(outcome.output)")
    let page = try Data(contentsOf: scratch.url.appendingPathComponent("a.html"))
    let parser = XMLParser(data: page)
    #expect(parser.parse(), "\(parser.parserError?.localizedDescription ?? "")")
    let text = String(decoding: page, as: UTF8.self)
    #expect(text.contains("<td>84.00 ± 1.41</td>") && text.contains("&lt;b&gt;") && !text.contains("<script"))
    #expect(text.components(separatedBy: "<svg").count == 3, "a front and a curve over steps")
    _ = try scratch.augq("report", "--sweep", "sweep", "-o", "b.html")
    #expect(try Data(contentsOf: scratch.url.appendingPathComponent("b.html")) == page)
    let nothing = try scratch.augq("report", "--runs", "elsewhere")
    #expect(nothing.status == 66 && nothing.errors == "augq: cannot read elsewhere. Check the path.\n")
  }

  @Test func exportedCommandsDoWhatABatchDoes() throws {
    try sweep("grid = { a = { 1, 2 }, kind = { \"it's\" } }")
    let exported = try scratch.augq("batch", "sweep.lua", "--export-commands")
    #expect(exported.output.split(separator: "\n").count == 2)
    try scratch.write(exported.output, to: "commands.sh")
    #expect(try scratch.shell("commands.sh") == 0)

    let outcome = try scratch.augq("batch", "sweep.lua")

    #expect(outcome.errors == "sweep: 2 trials: 2 done; 0 to run\n", "\(outcome.errors)")
    #expect(outcome.output.contains("1  it's  0.33   1.00  done"), "\(outcome.output)")
  }

  @Test func whatIsWrongWithASweepIsTold() throws {
    for (text, message) in [
      ("return 7", "sweep.lua: a sweep returns a table with 'script' and a grid, not 7"),
      ("return { scrip = 'trial.lua' }", "sweep.lua: a sweep has no field 'scrip'. Did you mean 'script'?"),
      ("return { grid = { a = { 1 } } }", "sweep.lua: field 'script' is missing; expected a text"),
      ("return { script = 'gone.lua', grid = { a = { 1 } } }", "cannot read gone.lua. Check the path."),
      (
        "return { script = 'trial.lua', grid = { a = 1 } }",
        "sweep.lua: field 'grid.a' is 1; expected a list of texts, numbers or truth values"
      ),
      (
        "return { script = 'trial.lua', zip = { a = { 1 }, b = { 1, 2 } } }",
        "sweep.lua: the lists of 'zip' are not equally long: a has 1, b has 2"
      ),
      (
        "return { script = 'trial.lua', grid = { a = { 1 } }, where = function() return false end }",
        "sweep.lua: the sweep has no trial; its lists or 'where' leave nothing"
      ),
      (
        "return { script = 'trial.lua', random = { a = { low = 0, high = 1, scale = 'log' }, count = 2 } }",
        "sweep.lua: field 'random.a' is a table; expected a list, or { low = …, high = …, scale = \"log\" } with bounds above 0"
      ),
      (
        "return { script = 'trial.lua', name = '../x', grid = { a = { 1 } } }",
        "sweep.lua: field 'name' is a string \"../x\"; expected letters, digits, _, - and dots, no dot first"
      ),
      (
        "return { script = 'trial.lua', retries = -1 }",
        "sweep.lua: field 'retries' is -1; expected a whole number of at least 0"
      ),
      (
        "return { script = 'trial.lua', grid = { a = { 1 } }, priority = function() return 'x' end }",
        "sweep.lua: field 'priority' is a string \"x\"; expected a function that returns a number"
      ),
      (
        "return { script = 'trial.lua', fixed = { a = print } }",
        "sweep.lua: field 'fixed.a' is a function; expected a text, a number or a truth value"
      ),
      (
        "return { script = 'trial.lua', random = { count = 0, a = { 1 } } }",
        "sweep.lua: field 'random.count' is 0; expected a whole number of at least 1"
      ),
      (
        "return { script = 'trial.lua', random = { count = 1, a = { low = math.mininteger, high = 1 } } }",
        "sweep.lua: field 'random.a' is a table; expected whole numbers less than 2^52 apart"
      ),
      (
        "return { script = 'trial.lua', time = 0 }",
        "sweep.lua: field 'time' is 0; expected seconds above 0, at most 1e9"
      ),
    ] {
      try scratch.write(text, to: "sweep.lua")
      let outcome = try scratch.augq("batch", "sweep.lua")
      #expect(outcome.errors == "augq: \(message)\n" && outcome.status != 0)
    }
    try sweep("grid = { a = { 1 } }")
    for (arguments, message) in [
      (["--jobs", "0"], "--jobs is 0; give 1 ... 1024."),
      (["--max-failures=-1"], "--max-failures is -1; give 0 or more."),
      (["--force", "--only-failed"], "--force and --only-failed exclude each other."),
    ] {
      let outcome = try AugqProcess.run(["batch", "sweep.lua"] + arguments, in: scratch.url)
      #expect(outcome.status == 64 && outcome.errors.hasPrefix("Error: \(message)\n"), "\(outcome.errors)")
    }
    let missing = try scratch.augq("runs", "list")
    #expect(missing.status == 66 && missing.errors == "augq: cannot read runs. Check the path.\n")
    try scratch.write("a file", to: "taken")
    let taken = try scratch.augq("batch", "sweep.lua", "--runs", "taken")
    #expect(
      taken.status == 73 && taken.errors.hasPrefix("augq: taken/runs.sqlite: unable to open database file. "),
      "\(taken.errors)")
  }

  @Test func aLogThatCannotBeWrittenStopsTheBatch() throws {
    try sweep("grid = { a = { 1 } }")
    #expect(try scratch.augq("batch", "sweep.lua").status == 0)
    let folder = "runs/" + (try store().runs()[0].folder)
    try FileManager.default.removeItem(atPath: scratch.path(folder + "/log.txt"))
    try scratch.write("", to: folder + "/log.txt/in_the_way")

    let outcome = try scratch.augq("batch", "sweep.lua", "--force")

    #expect(
      outcome.errors.hasSuffix("augq: cannot write \(folder)/log.txt: Is a directory. Check the folder.\n"))
    #expect(outcome.status == 1)
  }

  @Test func whatNobodyNamesIsCollectedUnlessARunGoesOn() throws {
    try scratch.write("kept", to: "kept.txt")
    try scratch.write(
      "local augq = require 'augq' augq.log('x', 1) augq.artifact('kept.txt')", to: "hand.lua")
    #expect(try scratch.augq("run", "hand.lua").status == 0)
    try scratch.write("stray", to: "runs/artifacts/ab/abcd")
    let dry = try scratch.augq("runs", "gc", "--dry-run")
    #expect(dry.output == "would remove runs/artifacts/ab/abcd\n", "\(dry)")
    let claim = try JSONEncoder().encode(ProcessIdentity.current)
    try scratch.write(claim, to: "runs/hand/going/claim.json")
    let busy = try scratch.augq("runs", "gc")
    #expect(busy.status == 75)
    #expect(
      busy.errors == "augq: runs/hand/going: a process works on this run. Wait for it, or stop it.\n",
      "\(busy.errors)")
    #expect(try scratch.augq("runs", "list").output.contains("going                    running"))
    try FileManager.default.removeItem(atPath: scratch.path("runs/hand/going"))
    #expect(try scratch.augq("runs", "gc").output == "removed runs/artifacts/ab/abcd\n")
    #expect(try scratch.augq("runs", "gc").output.isEmpty)
    #expect(try store().runs().count == 1 && store().damage() == [])
  }

  @Test func namesCannotLeaveAFolder() throws {
    for (call, message) in [
      (
        "augq.log('../x', 1)",
        "augq.log: argument 1 (metric) is a string \"../x\"; expected a name of at most 200 bytes without '..' and without empty parts"
      ),
      ("augq.log('x', 1 / 0)", "augq.log: argument 2 (value) is inf; expected a finite number"),
      (
        "augq.artifact('hand.lua', '/x')",
        "augq.artifact: argument 2 (name) is a string \"/x\"; expected a name of at most 200 bytes without '..' and without empty parts"
      ),
    ] {
      try scratch.write("local augq = require 'augq'\n\(call)", to: "hand.lua")
      let outcome = try scratch.augq("run", "hand.lua")
      #expect(outcome.errors.hasPrefix("augq: hand.lua:2: \(message)\n"), "\(outcome.errors)")
    }
    // A result of elsewhere may say anything.
    try scratch.write("local augq = require 'augq' augq.log('x', 1)", to: "hand.lua")
    for _ in 1...2 { #expect(try scratch.augq("run", "hand.lua").status == 0) }
    var result = try store().runs()[0].result
    result.metrics = [Metric("../../../x", 1)]
    try store().ingest([(result, nil, "hand/\(result.id)")])
    let exported = try scratch.augq("runs", "export", "--format", "mlflow", "ml")
    let id = result.id + "0000000000000000"
    #expect(
      exported.errors
        == "augq: 0/\(id)/metrics/../../../x: a name in a result cannot be that of a file. Remove it; what it held runs again.\n",
      "\(exported.errors)")
    #expect(exported.status == 65)
    #expect(
      try scratch.augq("runs", "show", "").errors
        == "augq: there is no run '…, which 2 runs begin with'. 'augq runs list' shows them.\n")
  }

  @Test func aDamagedResultIsToldAndRunsAgain() throws {
    try sweep("grid = { a = { 1, 2 } }")
    let quiet = try scratch.augq("batch", "sweep.lua")
    let id = try store().runs()[0].result.id
    try scratch.write("{ half", to: "runs/sweeps/sweep/trials/\(id)/result.json")

    let rebuilt = try scratch.augq("runs", "rebuild")
    #expect(rebuilt.status == 65)
    #expect(
      rebuilt.errors
        == "augq: runs/sweeps/sweep/trials/\(id)/result.json: it is not the result of a run. Remove it; what it held runs again.\n"
    )
    try FileManager.default.removeItem(atPath: scratch.path("runs/sweeps/sweep/trials/\(id)/result.json"))
    let outcome = try scratch.augq("batch", "sweep.lua")
    #expect(
      outcome.output == quiet.output && outcome.errors.contains("1 done, 1 lost; 1 to run"), "\(outcome)")
  }

  @Test func runsByHandAreKeptListedComparedAndExported() throws {
    try scratch.write("a,b\n", to: "table.csv")
    try scratch.write(
      """
      local augq = require "augq"
      local p = augq.params { n = { 1, "n" } }
      augq.log("top1", 90 + p.n)
      augq.artifact("table.csv")
      """, to: "hand.lua")
    let quiet = try scratch.augq("run", "--no-record", "hand.lua")
    #expect(
      quiet.status == 0 && quiet.errors.isEmpty
        && !FileManager.default.fileExists(atPath: scratch.path("runs")))
    for n in 1...2 {
      let outcome = try scratch.augq("run", "hand.lua", "--n", "\(n)")
      #expect(outcome.status == 0 && outcome.errors.hasPrefix("recorded in runs/hand/"), "\(outcome.errors)")
    }
    let runs = try store().runs().map(\.result)
    #expect(runs.map(\.parameters) == [["n": .integer(1)], ["n": .integer(2)]])

    let list = try scratch.augq("runs", "list", "--json")
    #expect(list.output.split(separator: "\n").count == 2 && list.output.contains("top1=91.0"))
    let compared = try scratch.augq("runs", "compare", runs[0].id, runs[1].id)
    #expect(
      compared.output.contains("n     1") && compared.output.contains("top1  91.0"), "\(compared.output)")
    let shown = try scratch.augq("runs", "show", String(runs[0].id.prefix(8)))
    #expect(
      shown.output.contains(/table\.csv +4 bytes/) && shown.output.contains("top1  91.0"), "\(shown.output)")
    #expect(
      try scratch.augq("runs", "show", "zz").errors
        == "augq: there is no run 'zz'. 'augq runs list' shows them.\n")
    #expect(try scratch.augq("runs", "export", "out.csv").status == 0)
    #expect(
      try String(contentsOfFile: scratch.path("out.csv"), encoding: .utf8).hasPrefix(
        "n,top1,status,trial\r\n1,91,done,"))
    #expect(try scratch.augq("runs", "export", "--format", "mlflow", "ml").status == 0)
    let folder = scratch.path("ml/0/\(runs[1].id)0000000000000000")
    #expect(try String(contentsOfFile: folder + "/params/n", encoding: .utf8) == "2")
    #expect(try String(contentsOfFile: folder + "/artifacts/table.csv", encoding: .utf8) == "a,b\n")
    let again = try scratch.augq("runs", "rerun", runs[1].id)
    #expect(again.status == 0, "\(again.errors)")
    #expect(try store().runs().last?.result.parameters == ["n": .integer(2)])
    try scratch.write(
      "local augq = require 'augq' augq.params { n = { 1, 'n' } } augq.log('x', 1)", to: "hand.lua")
    let changed = try scratch.augq("runs", "rerun", runs[1].id)
    #expect(changed.errors.hasPrefix("augq: warning: hand.lua has changed since run \(runs[1].id)\n"))
    let query = try scratch.augq("runs", "query", "SELECT count(*) AS n FROM metric", "--json")
    #expect(query.output == "{\"n\": \"4\"}\n", "\(query.output)")
    #expect(
      try scratch.augq("runs", "query", "DROP TABLE run").errors
        == "augq: the query failed: attempt to write a readonly database. It may read the tables run, parameter, metric, artifact and environment.\n"
    )
  }
}
