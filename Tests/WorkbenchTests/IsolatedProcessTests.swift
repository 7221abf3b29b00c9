import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Workbench

@Suite struct IsolatedProcessTests {
  static let ends: [(limit: ResultChannel.Limit?, message: String)] = [
    (.time, "stopped after the time limit of 600.0 s. Raise --time."),
    (.processorTime, "stopped after its processor time. Raise --time."),
    (.fileSize, "stopped when a file grew beyond what it may write. Write less to one file."),
    (
      nil,
      "the isolated process was ended by signal 11 (Segmentation fault). "
        + "It may have run out of address space: raise --memory; else this is a bug of Lua or of augq."
    ),
  ]

  @Test(arguments: ends.indices) func whatEndedAChildIsExplained(_ index: Int) {
    let outcome = IsolatedProcess.Outcome(
      ending: .signalled(11), limit: Self.ends[index].limit, output: [], errors: [], result: nil)
    #expect(outcome.message(SandboxPolicy(.isolated)) == Self.ends[index].message)
  }

  private func process(
    _ script: String, _ folder: Scratch, _ limits: ProcessLimits = ProcessLimits(), seconds: Double = 60
  )
    throws -> IsolatedProcess
  {
    try folder.write(script, to: "recipe.lua")
    return IsolatedProcess(
      ["run", "--threads", "1", "recipe.lua"], limits: limits, seconds: seconds, folder: folder.url.path,
      executable: AugqProcess.executable.path)
  }

  @Test func bringsBackOutputResultAndCode() throws {
    let folder = try Scratch()

    let done = try process("print 'out' io.stderr:write 'err' return 'the result'", folder).run()
    let failed = try process("print 'out' error('broken', 0)", folder).run()

    #expect(done.ending == .exited(0) && done.limit == nil && done.exitCode == 0)
    #expect(done.output == Array("out\n".utf8) && done.errors == Array("err".utf8))
    #expect(done.result == Array("the result".utf8))
    #expect(failed.ending == .exited(1) && failed.exitCode == 1 && failed.result == nil)
  }

  /// Trusted scripts, which nothing in their process stops.
  @Test func eachLimitEndsTheChildAndSaysSo() throws {
    let folder = try Scratch()
    var (processor, file, space) = (ProcessLimits(), ProcessLimits(), ProcessLimits())
    processor.processorSeconds = 1
    file.fileBytes = 1 << 20
    space.addressSpace = 256 << 20
    let cases:
      [(script: String, limits: ProcessLimits, seconds: Double, limit: ResultChannel.Limit, code: Int32)] = [
        ("string.rep('', 1 << 60)", ProcessLimits(), 1, .time, 124),
        ("os.execute 'sleep 1000'", ProcessLimits(), 1, .time, 124),
        ("string.rep('', 1 << 60)", processor, 60, .processorTime, 124),
        (
          "local f = io.open('big', 'w') while true do f:write(('x'):rep(1 << 16)) end", file, 60, .fileSize,
          73
        ),
        ("local t = {} while true do t[#t + 1] = ('x'):rep(1 << 20) .. #t end", space, 60, .memory, 125),
      ]

    for row in cases {
      let outcome = try process(row.script, folder, row.limits, seconds: row.seconds).run()
      #expect(outcome.limit == row.limit, "\(row.script): \(outcome.ending)")
      #expect(outcome.exitCode == row.code)
      #expect(outcome.result == nil)
    }
  }

  @Test func whatTheChildStartedDiesWithIt() throws {
    let folder = try Scratch()

    // The grandchild holds the pipe of standard output: only its death closes that.
    let outcome = try process(
      "os.execute 'sleep 1000 & echo $! > pid' return 'done'", folder
    ).run()

    #expect(outcome.result == Array("done".utf8))
    let grandchild = try #require(
      Int32(String(contentsOfFile: folder.path("pid"), encoding: .utf8).trimmingCharacters(in: .newlines)))
    // A signal is sent, not delivered, when kill returns.
    for _ in 0..<10_000 where !isGone(grandchild) { usleep(1000) }
    #expect(isGone(grandchild))
  }

  /// A killed process may wait for its reaper, which is not ours.
  private func isGone(_ identifier: Int32) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8) else {
      return true
    }
    return status.contains(") Z ")
  }

  @Test func theChildHasNothingOfItsParent() throws {
    let folder = try Scratch()
    setenv("AUGQ_TEST_SECRET", "secret", 1)
    let descriptor = open("/dev/null", O_RDONLY)
    defer { close(descriptor) }

    let outcome = try process(
      """
      assert(not os.getenv "AUGQ_TEST_SECRET", "environment")
      local list = io.popen "ls /proc/$$/fd; ulimit -c; ulimit -n"
      return list:read "a"
      """, folder
    ).run()

    let words = String(decoding: outcome.result ?? [], as: UTF8.self).split(separator: "\n")
    #expect(words.suffix(2) == ["0", "128"], "\(outcome.errors)")
    #expect(words.dropLast(2).allSatisfy { Int($0).map { $0 < 10 || $0 == 255 } ?? false }, "\(words)")
  }

  @Test func cancellationKillsTheChild() throws {
    let folder = try Scratch()
    let child = try process("io.open('started', 'w'):close() string.rep('', 1 << 60)", folder)
    let cancellation = Cancellation()
    let watcher = Thread {
      while access(folder.path("started"), F_OK) != 0 { usleep(1000) }
      cancellation.cancel()
    }
    watcher.start()

    let outcome = try child.run(cancellation: cancellation)

    #expect(outcome.ending == .signalled(SIGKILL) && outcome.limit == nil)
  }

  @Test func theChildEndsWithItsParent() throws {
    let folder = try Scratch()
    try folder.write("local f = io.open('started', 'w') f:close() while true do end", to: "inner.lua")
    let parent = Process()
    parent.executableURL = AugqProcess.executable
    parent.arguments = ["run", "--profile", "isolated", "--root", ".", "--time", "300", "inner.lua"]
    parent.currentDirectoryURL = folder.url
    let errors = Pipe()
    parent.standardError = errors
    try parent.run()
    while access(folder.path("started"), F_OK) != 0 { usleep(1000) }

    kill(parent.processIdentifier, SIGKILL)

    // The child holds this pipe: its end closes when both are gone.
    #expect(errors.fileHandleForReading.readDataToEndOfFile().isEmpty)
  }

  @Test func aProgramThatIsNotThereIsAnError() throws {
    let child = IsolatedProcess(["run"], executable: "/no/such/program")

    let error = #expect(throws: (any Error).self) { try child.run() }
    #expect(
      "\(error as Any)".contains(
        "cannot start /no/such/program: No such file or directory. Check the program and the folder."))
  }

  @Test func manyChildrenAtOnceKeepTheirResultsApart() async throws {
    let folder = try Scratch()
    try folder.write("return arg[1]", to: "recipe.lua")
    let path = folder.url.path

    let results = try await withThrowingTaskGroup(of: (Int, [UInt8]?).self) { group in
      for index in 0..<8 {
        group.addTask {
          let child = IsolatedProcess(
            ["run", "recipe.lua", "\(index)"], seconds: 60, folder: path,
            executable: AugqProcess.executable.path)
          return (index, try child.run().result)
        }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }

    for index in 0..<8 { #expect(results[index] == Array("\(index)".utf8)) }
  }
}
