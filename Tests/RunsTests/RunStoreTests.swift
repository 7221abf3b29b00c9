import Foundation
import TestSupport
import Testing

@testable import Runs

@Suite struct RunStoreTests {
  private static func result(_ id: String, _ parameters: Parameters = [:], _ metrics: [Metric] = [])
    -> RunResult
  {
    var result = RunResult(
      id: id, script: "s.lua", scriptDigest: "abc", version: "1", parameters: parameters, attempt: 1,
      environment: ["lua": "5.4"])
    result.status = .done
    result.metrics = metrics
    return result
  }

  @Test func whatIsTakenInComesBackWhole() throws {
    let scratch = try Scratch()
    let store = try RunStore(root: scratch.path("runs"))
    var result = Self.result(
      "a1", ["b": .boolean(true), "i": .integer(3), "x": .number(0.1), "t": .text("1"), "whole": .number(2)],
      [Metric("top1", 90.25, step: 1), Metric("top1", 91.5, step: 2), Metric("loss", 0.5)])
    result.artifacts = [Artifact(name: "q.augq", digest: "d1", bytes: 7)]
    result.message = "it's \"quoted\""

    try store.ingest([(result, "s", "sweeps/s/trials/a1")])
    // The same again takes its place.
    try store.ingest([(result, "s", "sweeps/s/trials/a1"), (Self.result("b2"), nil, "hand/b2")])

    let found = try store.runs()
    #expect(found.map(\.result.id).sorted() == ["a1", "b2"])
    #expect(try store.runs(sweep: "s").map(\.result) == [result])
    #expect(try store.runs(ids: ["a"]).map(\.folder) == ["sweeps/s/trials/a1"])
    #expect(result.lastMetrics == ["top1": 91.5, "loss": 0.5])
    #expect(try store.statuses(sweep: "s") == ["a1": .done])
    #expect(try store.damage() == [])
    #expect(try store.query("SELECT name, value FROM parameter ORDER BY name").rows.first == ["b", "1"])
  }

  @Test func queriesOfUsersOnlyRead() throws {
    let store = try RunStore(root: try Scratch().path("runs"))

    #expect(throws: RunError.self) { try store.query("DELETE FROM run") }
    #expect(throws: RunError.self) { try store.query("SELECT nothing FROM run") }
  }

  @Test func aFileThatIsNoStoreIsTold() throws {
    let scratch = try Scratch()
    try scratch.write(String(repeating: "no database ", count: 100), to: "runs/runs.sqlite")

    let error = #expect(throws: RunError.self) { try RunStore(root: scratch.path("runs")) }

    #expect(
      error?.description
        == "\(scratch.path("runs"))/runs.sqlite: file is not a database. Check folder and free space; "
        + "'augq runs rebuild' makes the store anew from the folder.")
  }

  @Test func manifestsComeBackAndIdsDependOnWhatMatters() throws {
    let scratch = try Scratch()
    try scratch.write("print(1)", to: "s.lua")
    try scratch.write("data", to: "in.bin")
    func manifest(version: String = "1", inputs: [String] = [], limits: TrialLimits = .init()) throws
      -> SweepManifest
    {
      try SweepManifest(
        name: "m", script: scratch.path("s.lua"), inputs: inputs, version: version, limits: limits,
        combinations: [(["a": .integer(1)], 0), (["a": .integer(2)], 3.5), (["a": .integer(1)], 9)])
    }
    let first = try manifest()

    #expect(first.trials.map(\.parameters) == [["a": .integer(1)], ["a": .integer(2)]])
    try scratch.write(try first.text, to: "m.jsonl")
    #expect(try SweepManifest(path: scratch.path("m.jsonl")) == first)
    var slow = TrialLimits()
    slow.seconds = 5
    #expect(try manifest(limits: slow).trials.map(\.id) == first.trials.map(\.id))
    let ids = try [
      first, manifest(version: "2"), manifest(inputs: [scratch.path("in.bin")]),
    ].map { $0.trials[0].id }
    #expect(Set(ids).count == 3)
    try scratch.write("print(2)", to: "s.lua")
    #expect(try !ids.contains(manifest().trials[0].id))
    try scratch.write("", to: "empty.jsonl")
    #expect(throws: RunError.damaged(path: scratch.path("empty.jsonl"), problem: "it is empty")) {
      try SweepManifest(path: scratch.path("empty.jsonl"))
    }
    #expect(throws: RunError.unreadable(path: "gone")) { try manifest(inputs: ["gone"]) }
    try scratch.write(try first.text.split(separator: "\n")[0] + "\nbroken\n", to: "m.jsonl")
    #expect(
      throws: RunError.damaged(path: scratch.path("m.jsonl") + ":2", problem: "it is no line of a manifest")
    ) { try SweepManifest(path: scratch.path("m.jsonl")) }
  }

  @Test func statusFollowsClaimAndResult() throws {
    let scratch = try Scratch()
    let run = RunFolder(scratch.path("r"))
    #expect(try run.status() == .new)
    try run.claim()
    #expect(try run.status() == .running)
    // The same number, but another process: numbers are used again.
    let me = ProcessIdentity.current
    try run.claim(ProcessIdentity(pid: me.pid, began: me.began + "1", boot: me.boot, host: me.host))
    #expect(try run.status() == .lost)
    try run.claim(ProcessIdentity(pid: me.pid, began: me.began, boot: "before", host: me.host))
    #expect(try run.status() == .lost)
    try run.write(Self.result("r"))
    #expect(try run.status() == .done)
    try scratch.write("{\"id\": 3}", to: "r/result.json")
    #expect(
      throws: RunError.damaged(
        path: scratch.path("r") + "/result.json", problem: "it is not the result of a run")
    ) {
      try run.status()
    }
    try run.clear()
    #expect(try run.status() == .new)
  }

  @Test func oneProcessWorksOnASweep() throws {
    let scratch = try Scratch()
    let first = try SweepFolder(root: scratch.url.path, name: "s")

    let error = #expect(throws: RunError.self) { try SweepFolder(root: scratch.url.path, name: "s") }

    #expect(
      error?.description
        == "\(scratch.url.path)/sweeps/s: process \(getpid()) works on this sweep. Wait for it, or stop it.")
    withExtendedLifetime(first) {}
  }

  @Test func aJournalKeepsWhatIsLoggedAndFilesByDigest() throws {
    let scratch = try Scratch()
    try scratch.write("abc", to: "file.txt")
    let root = scratch.path("runs")
    let journal = RunJournal(
      .trial(folder: root + "/t", root: root), draft: Self.result("t", ["a": .integer(1)]))
    try journal.begin()
    try journal.log(Metric("top1", 1, step: 1))
    #expect(
      try String(contentsOfFile: root + "/t/metrics.jsonl", encoding: .utf8)
        == "{\"name\":\"top1\",\"step\":1,\"value\":1}\n")
    let artifact = try journal.keep(scratch.path("file.txt"), as: "mine")
    #expect(artifact?.digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    try journal.finish(exitCode: 0, message: nil, value: "v", peakBytes: 5)

    let result = try RunFolder(root + "/t").result()
    #expect(
      result?.status == .done && result?.value == "v" && result?.metrics == [Metric("top1", 1, step: 1)])
    #expect(result?.artifacts == [Artifact(name: "mine", digest: artifact?.digest ?? "", bytes: 3)])
    #expect(
      try String(contentsOfFile: root + "/artifacts/ba/" + (artifact?.digest ?? ""), encoding: .utf8) == "abc"
    )

    // By hand, nothing is made until something is logged.
    let idle = RunJournal(.byHand(root: root), draft: Self.result(""))
    try idle.finish(exitCode: 0, message: nil, value: nil, peakBytes: 0)
    #expect(idle.handFolder == nil && !FileManager.default.fileExists(atPath: root + "/hand"))
    let hand = RunJournal(.byHand(root: root), draft: Self.result(""))
    hand.take(["n": .integer(3)])
    try hand.log(Metric("m", 2))
    try hand.finish(exitCode: 1, message: "broken", value: nil, peakBytes: 0)
    let folder = try #require(hand.handFolder)
    let kept = try RunFolder(folder).result()
    #expect(kept?.status == .failed && kept?.message == "broken" && kept?.parameters == ["n": .integer(3)])
  }
}
