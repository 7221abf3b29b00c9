import Foundation
import Bindings
import LuaRuntime
import TestSupport
import Testing

/// What allocators promise beyond the laws of their kind.
@Suite struct AllocatorTests {
  private func run(_ script: String) throws {
    let lua = try LuaState()
    lua.register(
      Library.module(
        Session(scriptPath: "recipe.lua", arguments: [], threads: 1, pluginFolders: [PluginTests.folder])))
    try lua.run("local augq = require \"augq\"\n" + script, name: "@recipe.lua")
  }

  @Test func exactAllocatorsFindWhatTryingEverythingFinds() throws {
    try run(
      """
      math.randomseed(3)
      for trial = 1, 25 do
        local layers, total = {}, 0
        for index = 1, 6 do
          local layer = { key = "l" .. index, count = math.random(50, 500), bits = { 2, 3, 4, 8 }, loss = {} }
          local loss = 10 * math.random()
          for width = 1, 4 do
            layer.loss[width] = loss
            loss = loss * math.random()
          end
          layers[index], total = layer, total + layer.count
        end
        local mean, best, smallest = 2 + 4 * math.random(), math.huge, math.huge
        local most = 3 * math.random() + 0.5
        local function try(index, cost, loss)
          if index > 6 then
            if cost <= mean * total then best = math.min(best, loss) end
            if loss <= most then smallest = math.min(smallest, cost) end
            return
          end
          local layer = layers[index]
          for width = 1, 4 do try(index + 1, cost + layer.count * layer.bits[width], loss + layer.loss[width]) end
        end
        try(1, 0, 0)
        local function sums(options)
          local bits, cost, loss = augq.allocate(layers, options), 0, 0
          for _, layer in ipairs(layers) do
            cost = cost + layer.count * bits[layer.key]
            for place, width in ipairs(layer.bits) do
              if width == bits[layer.key] then loss = loss + layer.loss[place] end
            end
          end
          return cost, loss
        end
        for _, name in ipairs { "pareto", "integer_program" } do
          local cost, loss = sums { allocator = name, mean_bits = mean }
          assert(cost <= mean * total and math.abs(loss - best) < 1e-9, name .. " " .. loss .. " " .. best)
          local same = { sums { allocator = name, bytes = math.floor(mean * total / 8) } }
          assert(same[1] <= mean * total)
        end
        local _, greedy = sums { allocator = "greedy", mean_bits = mean }
        local _, uniform = sums { allocator = "uniform", mean_bits = mean }
        assert(greedy >= best - 1e-9 and uniform >= best - 1e-9)
        if smallest < math.huge then
          local cost, loss = sums { allocator = "integer_program", max_loss = most }
          assert(cost == smallest and loss <= most, cost .. " " .. smallest)
        end
      end
      """)
  }

  @Test func integerProgramsTakeNegativeLossesAndExactLimits() throws {
    try run(
      """
      local bits = augq.allocate({
        { key = "a", count = 10, bits = { 2, 8 }, loss = { 1.5, 0 } },
        { key = "b", count = 10, bits = { 2, 8 }, loss = { -1, 0 } },
      }, { allocator = "integer_program", max_loss = 1 })
      assert(bits.a == 2 and bits.b == 2)
      local layers = {}
      for index = 1, 4 do
        layers[index] = { key = "l" .. index, count = 10, bits = { 2, 8 }, loss = { index, index / 10 } }
      end
      bits = augq.allocate(layers, { allocator = "integer_program", max_loss = 0.1 + 0.2 + 0.3 + 0.4 })
      for index = 1, 4 do assert(bits["l" .. index] == 8) end
      """)
  }

  @Test func aSearchThatIsCutIsNoWorseThanGreedy() throws {
    try run(
      """
      math.randomseed(7)
      local layers = {}
      for index = 1, 50 do
        local layer = { key = "l" .. index, count = math.random(100, 50000), bits = { 2, 3, 4, 5, 6, 8 }, loss = {} }
        local loss = 10 * math.random()
        for width = 1, 6 do
          layer.loss[width] = loss
          loss = loss * (0.2 + 0.5 * math.random())
        end
        layers[index] = layer
      end
      local function loss(options)
        options.mean_bits = 4
        local bits, sum = augq.allocate(layers, options), 0
        for _, layer in ipairs(layers) do
          for place, width in ipairs(layer.bits) do
            if width == bits[layer.key] then sum = sum + layer.loss[place] end
          end
        end
        return sum
      end
      local cut, whole = loss { allocator = "integer_program", nodes = 1 }, loss { allocator = "integer_program" }
      assert(cut <= 1.1 * loss { allocator = "greedy" } and whole <= cut)
      assert(math.abs(whole - loss { allocator = "pareto" }) < 1e-6 * whole)
      """)
  }

  @Test func memoryDrivenCutsOnlyWhatDoesNotFit() throws {
    try run(
      """
      local layers = {
        { key = "a", count = 1000, bits = { 2, 4, 8 }, loss = { 0, 0, 0 } },
        { key = "b", count = 3000, bits = { 2, 4, 8 }, loss = { 0, 0, 0 } },
      }
      local memory = {
        { node = "one", alive = { { key = "x", count = 400 }, { key = "y", count = 1600 } } },
        { node = "two", alive = { { key = "y", count = 1600 }, { key = "z", count = 100 } } },
      }
      local function bits(flash, ram)
        return augq.allocate(layers, { allocator = "memory_driven", flash = flash, ram = ram }, memory)
      end
      local function same(found, expected)
        for key, width in pairs(expected) do assert(found[key] == width, key .. " " .. tostring(found[key])) end
      end
      same(bits(4000, 2000), { a = 8, b = 8, x = 8, y = 8, z = 8 })
      -- The largest share is cut first: 1000 + 1500 bytes.
      same(bits(3999, 2000), { a = 8, b = 4 })
      same(bits(2499, 2000), { a = 8, b = 2 })
      same(bits(1000, 2000), { a = 2, b = 2 })
      -- What a step writes is cut while it is the largest: 400 + 800 bytes, then 400 + 400.
      same(bits(4000, 1999), { x = 8, y = 4, z = 8 })
      same(bits(4000, 1199), { x = 8, y = 2, z = 8 })
      same(bits(4000, 700), { x = 4, y = 2, z = 8 })
      """)
  }

  @Test func anActivationGetsBitsThatThereAre() throws {
    let scratch = try Scratch()
    try scratch.write(
      "return { allocate = function(layers) return { a = 2, x = 9 } end }", to: "allocator/mine.lua")
    let lua = try LuaState()
    lua.register(
      Library.module(
        Session(scriptPath: "recipe.lua", arguments: [], threads: 1, pluginFolders: [scratch.url.path])))

    let error = #expect(throws: LuaError.self) {
      try lua.run(
        """
        local layers = { { key = "a", count = 1, bits = { 2 }, loss = { 0 } } }
        require "augq".allocate(layers, { allocator = "mine" }, { { node = "n", alive = { { key = "x", count = 1 } } } })
        """, name: "@recipe.lua")
    }
    #expect(
      error?.message.hasSuffix("mine.lua: allocate returned 9; expected 1 to 8 bits for activation 'x'")
        == true, "\(error?.message ?? "")")
  }

  @Test func halvingGivesTheBestMore() throws {
    try run(
      """
      local trials = {}
      for rate = 1, 9 do trials[rate] = { parameters = { rate = rate, seed = 1 }, status = "new", metrics = {} } end
      local options = { scheduler = "halving", resource = "steps", least = 10, most = 100, metric = "loss", lower_is_better = true }
      local planned, rungs = trials, {}
      while true do
        local plan = augq.next_trials(planned, options)
        if #plan == 0 then break end
        if planned == trials then planned = {} end
        local rung = {}
        for _, p in ipairs(plan) do
          rung[#rung + 1] = p.rate .. "@" .. p.steps
          -- Rate 5 is best; rate 4 fails.
          local status = p.rate == 4 and "failed" or "done"
          planned[#planned + 1] = { parameters = p, status = status, metrics = { loss = (p.rate - 5) ^ 2 } }
        end
        table.sort(rung)
        rungs[#rungs + 1] = table.concat(rung, " ")
      end
      assert(#rungs == 3, #rungs)
      assert(rungs[1] == "1@10 2@10 3@10 4@10 5@10 6@10 7@10 8@10 9@10", rungs[1])
      assert(rungs[2] == "3@30 5@30 6@30", rungs[2])
      assert(rungs[3] == "5@90", rungs[3])
      """)
  }
}
