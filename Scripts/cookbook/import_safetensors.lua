-- How do I load PyTorch weights, and what does it say when they do not fit?
-- Save the state dictionary as safetensors and give it as `weights`, with the Lua file of the architecture. Nodes have
-- the names of the PyTorch modules, so nothing is renamed; layouts are turned. Keys that are missing, keys that are too
-- many and shapes that differ are errors that name the nearest key: nothing is ever left at its initial value.
local augq = require "augq"

local function try(...)
  local _, problem = pcall(augq.load, ...)
  local line = "-"
  for word in tostring(problem):gsub("^.-: %S*lua_%w+", "network"):gmatch "%S+" do
    if #line + #word > 110 then
      print(line)
      line = " "
    end
    line = line .. " " .. word
  end
  print(line)
end

-- Ours and PyTorch's files differ in a mark that `model:save` writes: without it, weights are `[O, I, kH, kW]`.
local path = os.tmpname()
local model = augq.build(augq.model.tiny_cnn { filters = 8 })
model:save(path)
local loaded = augq.load(path)
local x = augq.tensor.normal({ 2, 28, 28, 1 }, 1)
print(("saved and loaded, outputs differ by %g"):format((model:forward(x) - loaded:forward(x)):abs():max()))

-- The same values for a network of twice the filters, and for one whose last layer has another name.
augq.build(augq.model.tiny_cnn { filters = 16 }):save(path .. "-wide")
try(path .. "-wide", { weights = path .. ".safetensors" })
local source <close> = assert(io.open(path .. ".lua"))
local renamed <close> = assert(io.open(path .. "-renamed.lua", "w"))
renamed:write((source:read "a":gsub('"head"', '"classifier"')))
renamed:flush()
try(path .. "-renamed", { weights = path .. ".safetensors" })

-- A file that was cut off.
local whole <close> = assert(io.open(path .. ".safetensors", "rb"))
local cut <close> = assert(io.open(path .. "-cut.safetensors", "wb"))
cut:write(whole:read(1000))
cut:flush()
try(path, { weights = path .. "-cut.safetensors" })
os.execute(("rm '%s'*"):format(path))

-- It printed:
--
-- ```text
-- saved and loaded, outputs differ by 0
-- - network.safetensors: 'conv1.weight' is 8x3x3x1, but the architecture needs 16x3x3x1. Train again, or load the
--   architecture it was made with.
-- - network.safetensors: missing 2 of the architecture's 12 keys: 'classifier.bias' (the file has 'head.bias'),
--   'classifier.weight' (the file has 'head.weight'); unexpected 2 of the file's 12 keys: 'head.bias' (the
--   architecture has 'classifier.bias'), 'head.weight' (the architecture has 'classifier.weight'). Load the
--   architecture the file was made for, or name its nodes as the file does.
-- - network-cut.safetensors: tensor 'conv1.weight': data offsets [0, 288] are not within the 80 bytes of data.
--   The file is truncated: fetch or save it again.
-- ```
