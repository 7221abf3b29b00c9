import Foundation
import Runs
import TestSupport
import Testing

/// Sweeps whose trials a scheduler plans in rungs.
@Suite struct SchedulerTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.write(
      """
      local augq = require "augq"
      local p = augq.params { rate = { 1, "rate" }, steps = { 1, "steps" } }
      if p.rate == 4 then error "rate 4 diverges" end
      augq.log("loss", (p.rate - 5) ^ 2 / p.steps)
      """, to: "trial.lua")
    try scratch.write(
      """
      return {
        script = "trial.lua", grid = { rate = { 1, 2, 3, 4, 5, 6, 7, 8, 9 } },
        scheduler = { "halving", metric = "loss", lower_is_better = true, resource = "steps", least = 10, most = 100 },
      }
      """, to: "rates.lua")
  }

  @Test func halvingRunsRungAfterRungOnce() throws {
    let plan = try scratch.augq("plan", "rates.lua")
    #expect(plan.status == 0 && plan.errors == "rates: 9 trials: 9 new; 9 to run\n", "\(plan.errors)")

    let batch = try scratch.augq("batch", "rates.lua", "-j", "2")
    #expect(batch.status == 2, "rate 4 fails in the first rung")
    let rungs = batch.errors.split(separator: "\n").filter { $0.hasPrefix("rates: ") }
    #expect(
      rungs == [
        "rates: 9 trials: 9 new; 9 to run", "rates: 12 trials: 8 done, 1 failed, 3 new; 3 to run",
        "rates: 13 trials: 11 done, 1 failed, 1 new; 1 to run",
      ], "\(batch.errors)")
    let runs = try RunStore(root: scratch.path("runs")).summaries(sweep: "rates", status: .done)
    let found = runs.map {
      "\($0.parameters["rate"].map { "\($0)" } ?? "-")@\($0.parameters["steps"].map { "\($0)" } ?? "-")"
    }
    #expect(
      Set(found) == [
        "1@10", "2@10", "3@10", "5@10", "6@10", "7@10", "8@10", "9@10", "3@30", "5@30", "6@30", "5@90",
      ])

    // One table at the end.
    #expect(batch.output.components(separatedBy: "status").count == 2, "\(batch.output)")
    // What is done is not run again; the failure is tried once more.
    let again = try scratch.augq("batch", "rates.lua")
    #expect(again.errors.hasPrefix("rates: 13 trials: 12 done, 1 failed; 1 to run\n"), "\(again.errors)")
  }

  @Test func aTrialThatComesBackIsPromoted() throws {
    // Rate 5 is the best but fails while there is a mark.
    try scratch.write(
      """
      local augq = require "augq"
      local p = augq.params { rate = { 1, "rate" }, steps = { 1, "steps" } }
      if p.rate == 5 and io.open "mark" then error "not yet" end
      augq.log("loss", (p.rate - 5) ^ 2 / p.steps)
      """, to: "trial.lua")
    try scratch.write("", to: "mark")
    #expect(try scratch.augq("batch", "rates.lua").status == 2)
    try FileManager.default.removeItem(atPath: scratch.path("mark"))

    let again = try scratch.augq("batch", "rates.lua")

    #expect(again.status == 0, "\(again.errors)")
    let runs = try RunStore(root: scratch.path("runs")).summaries(sweep: "rates", status: .done)
    let best = runs.filter { $0.parameters["rate"] == .integer(5) }.compactMap {
      $0.parameters["steps"]?.number
    }
    #expect(best.sorted() == [10, 30, 90])
    #expect(try scratch.augq("plan", "rates.lua").errors.hasSuffix("; 0 to run\n"))
  }

  @Test func failuresStopABatchWithAScheduler() throws {
    let outcome = try scratch.augq("batch", "rates.lua", "--fail-fast")
    #expect(outcome.status == 2)
    #expect(outcome.errors.components(separatedBy: "rates: ").count == 2, "\(outcome.errors)")
  }

  @Test func exportedCommandsCountForTheNextRung() throws {
    let first = try scratch.augq("batch", "rates.lua", "--export-commands")
    #expect(first.output.split(separator: "\n").count == 9)
    try scratch.write(first.output, to: "commands.sh")
    _ = try scratch.shell("commands.sh")
    // Three of the next rung, and the one that failed.
    #expect(
      try scratch.augq("batch", "rates.lua", "--export-commands").output.split(separator: "\n").count == 4)
  }

  @Test func runsSayWhatTheyDependOn() throws {
    _ = try scratch.augq("batch", "rates.lua")
    let run = try #require(try RunStore(root: scratch.path("runs")).runs(status: .done).first?.result)
    for key in ["lua", "isa", "onednn", "threads", "system", "plugin_api"] {
      #expect(run.environment[key]?.isEmpty == false, "\(key)")
    }
    let script = try #require(run.artifacts.first { $0.name == "script/trial.lua" })
    #expect(script.digest == run.scriptDigest)
    let kept = scratch.path("runs/artifacts/\(script.digest.prefix(2))/\(script.digest)")
    #expect(try String(contentsOfFile: kept, encoding: .utf8).contains("rate 4 diverges"))
  }

  @Test func aSchedulerThatIsNotThereIsTold() throws {
    try scratch.write(
      "return { script = 'trial.lua', grid = { rate = { 1 } }, scheduler = 'halvin' }", to: "x.lua")
    try scratch.write(
      "return { script = 'trial.lua', grid = { rate = { 1 } }, fixed = { steps = 3 }, scheduler = { 'halving', resource = 'steps' } }",
      to: "y.lua")
    let empty = try scratch.augq("plan", "y.lua")
    #expect(
      empty.status == 1
        && empty.errors
          == "augq: y.lua: the scheduler plans no trial at first. Its resource must not be a parameter of the sweep; look at its options.\n",
      "\(empty.errors)")
    try scratch.write(
      "return { script = 'trial.lua', grid = { rate = { 1, 2, 3 } }, scheduler = { 'halving', resource = 'steps', metric = 'top1' } }",
      to: "z.lua")
    let other = try scratch.augq("batch", "z.lua")
    #expect(other.status == 1)
    #expect(
      other.errors.contains("no trial has logged 'top1'; there is 'loss'. Name one of the recipe's."),
      "\(other.errors)")

    let outcome = try scratch.augq("plan", "x.lua")
    #expect(
      outcome.status == 1
        && outcome.errors == "augq: there is no scheduler 'halvin'. Did you mean 'halving'?\n",
      "\(outcome.errors)")
  }
}
