-- How do I write a granularity of my own?
-- As a file `Plugins/granularity/NAME.lua` that returns a table: `grid` says how many intervals of how many bits,
-- `edges` where they meet, from the values of one group. It is then `augq.granularity.NAME`, and the native kernels fit
-- it, quantize with it, fine-tune it and compile it. `augq plugin new granularity NAME` writes one to begin with, and
-- `augq plugin check FILE` tries the laws every granularity keeps.

-- One interval for the bulk of the values and one for the tail above. An edge has to lie inside the range also of odd
-- groups, such as one of equal values; the laws try them.
local source = [[
return {
  summary = "Two intervals: a share of the values below the edge, the tail above it.",
  options = {
    bits = { 3, "bits inside an interval", 1, 7 },
    share = { 0.9, "share of the values in the lower interval", 0.1, 0.99 },
  },
  grid = function(options) return { bits = options.bits, intervals = 2 } end,
  edges = function(x, options)
    local low, high = math.min(x:min(), 0), math.max(x:max(), 0)
    local margin = (high - low) / 20
    return { math.max(low + margin, math.min(high - margin, x:quantile(options.share))) }
  end,
}
]]

-- A project has its plugins in `Plugins` and its recipes beside that folder.
local function output(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read "a"
end
local project = output "mktemp -d":match "%C+"
os.execute(("mkdir -p %s/Plugins/granularity %s/Scripts"):format(project, project))
local function write(path, text)
  local file <close> = assert(io.open(project .. path, "w"))
  assert(file:write(text))
end
write("/Plugins/granularity/bulk.lua", source)
write("/Scripts/recipe.lua", [[
local augq = require "augq"
local x = augq.tensor.normal({ 64, 64 }, 1)
x = x * x
for _, name in ipairs { "uniform", "bulk" } do
  local y, bits = augq.fake_quantize(x, augq.granularity[name] { bits = name == "uniform" and 4 or 3 })
  print(("%-8s %.1f bits stored, mean squared error %.2e"):format(name, bits.stored, ((x - y) * (x - y)):mean()))
end
]])

-- `augq` checks the plugin and runs the project's recipe, which finds it.
local program = output "readlink /proc/$PPID/exe":match "%C+"
io.write(output(program .. " plugin check " .. project .. "/Plugins/granularity/bulk.lua"))
io.write(output(program .. " run " .. project .. "/Scripts/recipe.lua"))
os.execute("rm -r " .. project)

-- It printed:
--
-- ```text
-- ok     granularity bulk
-- uniform  4.0 bits stored, mean squared error 5.49e-02
-- bulk     4.0 bits stored, mean squared error 3.13e-02
-- ```
