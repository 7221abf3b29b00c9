import LuaRuntime
import TestSupport
import Workbench

/// A script that tries to outlast, outgrow or escape its sandbox, and how each profile that holds it ends.
struct HostileRecipe: Sendable, CustomStringConvertible {
  /// What stops it.
  enum Stop: String, CaseIterable, Sendable {
    /// The clock, in every profile that is named.
    case clock
    /// The count of instructions.
    case count
    /// The memory limit.
    case memory
    /// An error that the script does not catch.
    case refusal
    /// Nothing: it does no harm.
    case nothing
  }

  let name: String
  let script: String
  let stop: Stop
  /// What standard error contains, when that says more than the stop.
  var message = ""
  var profiles: [SandboxPolicy.Profile] = [.restricted, .isolated]
  var description: String { "\(name), stopped by \(stop.rawValue)" }

  /// Limits, code and message of a run; seconds are far below the harness's own.
  var options: [String] {
    switch stop {
    case .clock: ["--time", "0.4", "--memory", "512M"]
    case .count: ["--time", "60", "--instructions", "2000000"]
    case .memory: ["--time", "60", "--memory", "48M"]
    case .refusal, .nothing: ["--time", "60", "--memory", "512M"]
    }
  }

  var code: Int32 {
    switch stop {
    case .clock: 124
    case .count, .memory: 125
    case .refusal: 1
    case .nothing: 0
    }
  }

  var expectedMessage: String {
    guard message.isEmpty else { return message }
    return switch stop {
    case .clock: "augq: stopped after the time limit of 0.4 s. Raise --time.\n"
    case .count: "augq: stopped after the limit of 2000000 instructions. Raise --instructions.\n"
    case .memory: "not enough memory"
    case .refusal, .nothing: ""
    }
  }

  /// Endless work, which both clock and count stop.
  private static func endless(
    _ name: String, _ script: String, in profiles: [SandboxPolicy.Profile] = [.restricted, .isolated]
  ) -> [HostileRecipe] {
    [.clock, .count].map { HostileRecipe(name: name, script: script, stop: $0, profiles: profiles) }
  }

  private static let everywhere = SandboxPolicy.Profile.allCases

  /// LUA.md 2.1, one by one, and what a closer look at the libraries adds.
  static let all: [HostileRecipe] =
    endless("a loop", "while true do end", in: everywhere)
    + endless(
      "pcall in a loop", "while true do pcall(function() while true do end end) end", in: everywhere)
    + endless(
      "a handler that does not end",
      "local function f() while true do end end while true do xpcall(f, f) end", in: everywhere)
    + endless(
      "a handler inside a handler",
      "local function f() while true do end end while true do xpcall(function() xpcall(error, f) end, f) end",
      in: everywhere)
    + endless(
      "a __close that does not end",
      """
      local function close() while true do end end
      while true do pcall(function() local x <close> = setmetatable({}, { __close = close }) close() end) end
      """, in: everywhere)
    + endless(
      "a coroutine", "coroutine.wrap(function() while true do end end)()", in: everywhere)
    + endless(
      "a coroutine made before the limit is near",
      """
      local inner = coroutine.create(function() while true do coroutine.yield() for i = 1, 1e9 do end end end)
      coroutine.resume(inner) while true do coroutine.resume(inner) end
      """, in: everywhere)
    + endless(
      "many short coroutines", "while true do coroutine.wrap(function() end)() end", in: everywhere)
    + endless(
      "a wrapped coroutine that fails and closes",
      """
      local function close() while true do end end
      while true do pcall(coroutine.wrap(function() local x <close> = setmetatable({}, { __close = close }) error "x" end)) end
      """, in: everywhere)
    + endless("find '.-.-.-.-b'", "(('a'):rep(4000)):find '.-.-.-.-b'", in: everywhere)
    + endless(
      "match (a?)^n a^n", "(('a'):rep(40)):match(('a?'):rep(40) .. ('a'):rep(40))", in: everywhere)
    + endless(
      "gmatch", "for _ in (('a'):rep(4000)):gmatch '.-.-.-.-b' do end", in: everywhere)
    + endless(
      "gsub", "string.gsub(('a'):rep(4000), '.-.-.-.-b', '')", in: everywhere)
    + endless(
      "a back reference", "(('a'):rep(100000)):find '(.*).-%1b'", in: everywhere)
    + endless("a balanced match", "(('('):rep(1000000)):find '%b()%b()'", in: everywhere)
    + endless(
      "sorting without a comparison of Lua",
      "while true do pcall(table.sort, { 3, 1, 2 }, rawequal) end")
    + endless("a reader that does not end", "load(os.time)")
    + endless("moves of many elements", "while true do table.move({}, 1, 9000000, 2) end")
    + [
      // Comparing long texts is the work of C; only the comparisons are counted.
      HostileRecipe(
        name: "sorting long texts",
        script: """
          local x, t = ('x'):rep(1 << 22), {}
          for i = 1, 200000 do t[i] = i % 2 == 0 and x or x .. '' end
          table.sort(t)
          """, stop: .clock),
      HostileRecipe(
        name: "a finalizer", script: "setmetatable({}, { __gc = function() while true do end end })",
        stop: .refusal, message: "recipe.lua:1: a __gc metamethod is not available to restricted code"),
      HostileRecipe(
        name: "a finalizer added later",
        script: """
          for i = 1, 1e5 do
            local meta = {}
            local object = setmetatable({}, meta)
            meta.__gc = function() while true do end end
          end
          """, stop: .nothing),
      HostileRecipe(
        name: "table.move over the integers", script: "table.move({}, 1, 1 << 50, 2)", stop: .refusal,
        message: "recipe.lua:1: table.move: more than 10000000 elements at once are not available"),
      HostileRecipe(
        name: "table.move across zero", script: "table.move({}, math.mininteger, math.maxinteger - 1, 1)",
        stop: .refusal),
      HostileRecipe(
        name: "table.insert with a lying length",
        script: "table.insert(setmetatable({}, { __len = function() return 1 << 50 end }), 1, 0)",
        stop: .refusal, message: "recipe.lua:1: table.insert: tables with a __len metamethod"),
      HostileRecipe(
        name: "table.remove with a lying length",
        script: "table.remove(setmetatable({}, { __len = function() return 1 << 50 end }), 1)",
        stop: .refusal, message: "recipe.lua:1: table.remove: tables with a __len metamethod"),
      HostileRecipe(
        name: "table.concat with a lying length",
        script: "table.concat(setmetatable({}, { __len = function() return 1 << 50 end, __index = type }))",
        stop: .refusal, message: "recipe.lua:1: table.concat: tables with a __len metamethod"),
      HostileRecipe(
        name: "table.sort with a lying length",
        script:
          "table.sort(setmetatable({}, { __len = function() return 1 << 30 end, __index = type, __newindex = type }))",
        stop: .refusal, message: "recipe.lua:1: table.sort: tables with a __len metamethod"),
      HostileRecipe(
        name: "table.concat of a long range",
        script: "table.concat(setmetatable({}, { __index = function() return '' end }), '', 1, 1 << 50)",
        stop: .refusal, message: "recipe.lua:1: table.concat: more than"),
      HostileRecipe(
        name: "a border without elements",
        script:
          "local t = { [math.maxinteger] = 1 } for k = 62, 0, -1 do t[1 << k] = 1 end "
          + "assert(#t > 1 << 60) table.remove(t, 1)",
        stop: .refusal, message: "recipe.lua:1: table.remove: more than"),
      HostileRecipe(name: "an empty text, often", script: "string.rep('', 1 << 60)", stop: .nothing),
      HostileRecipe(
        name: "a plain search of quadratic work",
        script: "assert(not ('a'):rep(10000000):find(('a'):rep(5000000) .. 'b', 1, true))", stop: .nothing,
        profiles: everywhere),
      HostileRecipe(
        name: "tables", script: "local t = {} for i = 1, 1e9 do t[i] = {} end", stop: .memory,
        profiles: everywhere),
      HostileRecipe(
        name: "one text", script: "string.rep('x', 1 << 30)", stop: .memory, profiles: everywhere),
      HostileRecipe(
        name: "texts that double", script: "local s = 'x' while true do s = s .. s end", stop: .memory,
        profiles: everywhere),
      HostileRecipe(
        name: "replacements that grow",
        script: "local s = 'xxxx' while true do s = s:gsub('.', '%0%0%0%0') end", stop: .memory,
        profiles: everywhere),
      HostileRecipe(
        name: "coroutines", script: "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
        stop: .memory, profiles: everywhere),
      HostileRecipe(
        name: "native objects",
        script:
          "local t, augq = {}, require 'augq' while true do t[#t + 1] = augq.tensor.zeros { 1024, 256 } end",
        stop: .memory, profiles: everywhere),
      HostileRecipe(
        name: "one native object", script: "require 'augq'.tensor.zeros { 1 << 20, 1 << 12 }", stop: .memory,
        profiles: everywhere),
      HostileRecipe(
        name: "memory that pcall hides",
        script:
          "local t = {} while true do pcall(function() while true do t[#t + 1] = ('x'):rep(1000) end end) end",
        stop: .clock, profiles: everywhere),
      HostileRecipe(
        name: "recursion", script: "local function f() return 1 + f() end f()", stop: .refusal,
        message: "stack overflow", profiles: everywhere),
      HostileRecipe(
        name: "recursion through C", script: "local function f() return string.gsub('x', 'x', f) end f()",
        stop: .refusal, message: "C stack overflow", profiles: everywhere),
      HostileRecipe(
        name: "recursion through coroutines", script: "local function f() coroutine.wrap(f)() end f()",
        stop: .refusal, message: "C stack overflow", profiles: everywhere),
      HostileRecipe(
        name: "nested closing that crashes Lua 5.4.4",
        script: """
          local last
          for i = 1, 20000 do
            local inner = last
            last = coroutine.create(function()
              local x <close> = setmetatable({}, { __close = function() if inner then assert(coroutine.close(inner)) end end })
              coroutine.yield()
            end)
            coroutine.resume(last)
          end
          assert(coroutine.close(last))
          """, stop: .refusal, message: "C stack overflow", profiles: [.trusted]),
      HostileRecipe(
        name: "a pattern nested deeply", script: "('x'):rep(300000):find(('.-'):rep(300000) .. 'b')",
        stop: .refusal, message: "pattern too complex", profiles: everywhere),
      HostileRecipe(
        name: "source nested deeply", script: "assert(load('return ' .. ('('):rep(100000)))", stop: .refusal,
        message: "C stack overflow", profiles: everywhere),
    ]
}
