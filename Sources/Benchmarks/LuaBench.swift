import Bindings
import LuaRuntime

/// The cost of the Lua boundary.
enum LuaBench {
  private final class Results {
    var values: [(name: String, nanoseconds: Double)] = []
  }

  private static let recipe = """
    local augq, bench = require "augq", require "bench"
    local empty, clock = bench.empty, os.clock
    local a, b = augq.tensor.zeros { 4 }, augq.tensor.zeros { 4 }
    local function lua() end
    local rounds = bench.rounds()
    local function time(name, body)
      local best = math.huge
      for _ = 1, 7 do
        local start = clock()
        body(rounds)
        best = math.min(best, clock() - start)
      end
      bench.report(name, best / rounds * 1e9)
    end
    time("empty loop", function(n) for _ = 1, n do end end)
    time("empty Lua function", function(n) for _ = 1, n do lua() end end)
    time("empty native function", function(n) for _ = 1, n do empty() end end)
    time("method with two tensors", function(n) for _ = 1, n do a:touch(b) end end)
    time("a + b, 4 values", function(n) for _ = 1, n do local _ = a + b end end)
    """

  static func rows(_ watch: Stopwatch, quick: Bool) throws -> [Measurement] {
    let calls = try callRows(rounds: quick ? 1000 : 1_000_000)
    return calls + (try processRows(quick: quick))
  }

  private static func callRows(rounds: Int) throws -> [Measurement] {
    let results = Results()
    nonisolated(unsafe) let shared = results
    let lua = try LuaState()
    lua.register(Library.module(Session(scriptPath: "bench", arguments: [])))
    lua.register(
      LuaModule(
        "bench", "The bench's own functions.",
        functions: [
          LuaFunction("empty", "Does nothing.") { _ in .none },
          LuaFunction("rounds", "Calls per reading of the clock.") { _ in .integer(rounds) },
          LuaFunction("report", "Keeps a result.") { call in
            shared.values.append((try call.string(0), try call.number(1)))
            return .none
          },
        ]))
    try lua.run(recipe, name: "@bench.lua")
    return results.values.map { Measurement("Lua: \($0.name)", "one call", nanoseconds: $0.nanoseconds) }
  }

  /// Start-up of an empty recipe, and the memory of one that makes garbage.
  private static func processRows(quick: Bool) throws -> [Measurement] {
    let empty = try ChildProcess.temporaryFile("")
    let garbage = try ChildProcess.temporaryFile(
      """
      local augq = require 'augq'
      for _ = 1, \(quick ? 40 : 4000) do local t = augq.tensor.zeros { 512, 512 } end
      for line in io.lines '/proc/self/status' do print(line:match '^VmHWM:%s+(%d+)') end
      """)
    defer {
      ChildProcess.remove(empty)
      ChildProcess.remove(garbage)
    }
    let own = ChildProcess.ownExecutable
    let starts = try (0..<(quick ? 2 : 20)).map { _ in try ChildProcess.run([own, "run", empty]).seconds }
    let memory = try ChildProcess.run([own, "run", garbage])
    // The child's own figure in KiB: what the kernel reports to a parent includes the parent's before the exec.
    let peak = memory.output.split(separator: "\n").compactMap { Int($0) }.first ?? 0
    return [
      Measurement("augq run of an empty script", "process", nanoseconds: (starts.min() ?? 0) * 1e9),
      Measurement(
        "4000 garbage tensors of 1 MiB", "peak \(peak >> 10) MiB",
        nanoseconds: memory.seconds * 1e9),
    ]
  }
}
