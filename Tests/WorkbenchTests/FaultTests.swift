import Foundation
import Runs
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Faults of the machine under a batch: a clear error or a wait, and nothing lost.
@Suite struct FaultTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.write(
      """
      local augq = require "augq"
      local p = augq.params { a = { 1, "a" }, values = { 1, "how many" } }
      for step = 1, p.values do augq.log("loss", p.a / step, step) end
      augq.log("score", p.a)
      """, to: "trial.lua")
  }

  private func sweep(_ body: String, _ name: String = "sweep") throws {
    try scratch.write("return { script = 'trial.lua', \(body) }", to: "\(name).lua")
  }

  private static func succeeds(_ program: String, _ arguments: String...) -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  /// Whether this process may mount file systems.
  static let mounts: Bool = {
    let folder = FileManager.default.temporaryDirectory.appending(path: "augq-mount-\(getpid())").path
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    guard succeeds("/bin/mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", folder) else { return false }
    return succeeds("/bin/umount", folder)
  }()

  @Test(.enabled(if: mounts, "needs leave to mount a small file system"))
  func aFullDiskStopsTheBatchAndTheNextOneGoesOn() throws {
    try sweep("grid = { a = { 1, 2, 3, 4, 5, 6, 7, 8 } }, fixed = { values = 3000 }")
    let disk = scratch.path("disk")
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    try #require(Self.succeeds("/bin/mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", disk))
    defer { _ = Self.succeeds("/bin/umount", disk) }

    let full = try scratch.augq("batch", "sweep.lua", "--runs", "disk/runs")
    #expect(full.status == 73, "\(full)")
    #expect(
      full.errors.contains("No space left on device") || full.errors.contains("disk is full"),
      "\(full.errors)")
    let before = (try? FileManager.default.subpathsOfDirectory(atPath: disk)) ?? []
    let finished = before.filter { $0.hasSuffix("result.json") }

    try #require(Self.succeeds("/bin/mount", "-o", "remount,size=20m", disk))
    let plan = try scratch.augq("batch", "sweep.lua", "--runs", "disk/runs", "--dry-run")
    #expect(
      plan.errors.hasSuffix("; \(8 - finished.count) to run\n"), "\(plan.errors), finished \(finished.count)")
    let rest = try scratch.augq("batch", "sweep.lua", "--runs", "disk/runs")
    #expect(rest.status == 0, "\(rest.errors)")
    let store = try RunStore(root: disk + "/runs")
    #expect(try store.runs(status: .done).count == 8)
    #expect(try store.damage() == [])
  }

  @Test(.enabled(if: mounts, "needs leave to mount a file system that cannot be written"))
  func aStoreThatCannotBeWrittenIsTold() throws {
    try sweep("grid = { a = { 1, 2 } }")
    let disk = scratch.path("disk")
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    try #require(Self.succeeds("/bin/mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", disk))
    defer { _ = Self.succeeds("/bin/umount", disk) }
    #expect(try scratch.augq("batch", "sweep.lua", "--runs", "disk/runs").status == 0)
    try #require(Self.succeeds("/bin/mount", "-o", "remount,ro", disk))

    let batch = try scratch.augq("batch", "sweep.lua", "--runs", "disk/runs", "--force")
    #expect(batch.status == 73, "\(batch)")
    #expect(batch.errors.hasPrefix("augq: disk/runs") && batch.errors.hasSuffix("\n"), "\(batch.errors)")

    try #require(Self.succeeds("/bin/mount", "-o", "remount,rw", disk))
    let again = try scratch.augq("batch", "sweep.lua", "--runs", "disk/runs")
    #expect(again.errors == "sweep: 2 trials: 2 done; 0 to run\n", "\(again.errors)")
  }

  @Test func twoSweepsShareAStore() throws {
    try sweep("grid = { a = { 1, 2, 3, 4, 5, 6 } }", "one")
    try sweep("grid = { a = { 1, 2, 3, 4, 5, 6 } }", "two")
    let batches = try ["one", "two"].map { name in
      let process = Process()
      process.executableURL = AugqProcess.executable
      process.arguments = ["batch", "\(name).lua", "-j", "2"]
      process.currentDirectoryURL = scratch.url
      process.standardOutput = FileHandle.nullDevice
      try scratch.write("", to: "\(name).txt")
      process.standardError = try FileHandle(forWritingTo: scratch.url.appending(path: "\(name).txt"))
      try process.run()
      return (name, process)
    }
    for (name, process) in batches {
      process.waitUntilExit()
      let errors = try String(contentsOfFile: scratch.path("\(name).txt"), encoding: .utf8)
      #expect(process.terminationStatus == 0, "\(errors)")
    }
    let store = try RunStore(root: scratch.path("runs"))
    for name in ["one", "two"] {
      #expect(
        try store.runs(sweep: name, status: .done).compactMap { $0.result.lastMetrics["score"] }.sorted() == [
          1, 2, 3, 4, 5, 6,
        ])
    }
    #expect(try store.damage() == [])
  }

  @Test func aClockThatJumpsChangesNothingButTheOrder() throws {
    try sweep("grid = { a = { 1, 2, 3 } }")
    #expect(try scratch.augq("batch", "sweep.lua").status == 0)
    let trials = scratch.path("runs/sweeps/sweep/trials")
    for (index, id) in try FileManager.default.contentsOfDirectory(atPath: trials).sorted().enumerated() {
      let folder = RunFolder("\(trials)/\(id)")
      var result = try #require(try folder.result())
      // One ran in 1970, one in 2100, one when it did.
      result.started = [0, 4_102_444_800, result.started][index]
      try folder.write(result)
    }

    #expect(try scratch.augq("runs", "rebuild").status == 0)
    let plan = try scratch.augq("batch", "sweep.lua", "--dry-run")
    #expect(plan.errors == "sweep: 3 trials: 3 done; 0 to run\n", "\(plan.errors)")
    let listed = try scratch.augq("runs", "list", "--json")
    #expect(listed.status == 0 && listed.output.split(separator: "\n").count == 3)
    #expect(try RunStore(root: scratch.path("runs")).runs().allSatisfy { $0.result.seconds < 100 })
  }
}
