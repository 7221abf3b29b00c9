-- Writes small ONNX files: as much of protocol buffers as it takes to have something to import.
-- Field numbers are those of onnx.proto.
local M = {}

local function varint(n)
  local bytes = {}
  repeat
    local low = n & 0x7f
    n = n >> 7
    bytes[#bytes + 1] = string.char(n > 0 and low | 0x80 or low)
  until n == 0
  return table.concat(bytes)
end

local function integer(field, n) return varint(field << 3) .. varint(n) end
local function bytes(field, text) return varint(field << 3 | 2) .. varint(#text) .. text end

local function each(field, list, write)
  local parts = {}
  for index, value in ipairs(list) do parts[index] = write(field, value) end
  return table.concat(parts)
end

-- A node; attributes are integers or lists of integers.
function M.node(operator, inputs, output, attributes)
  local text = each(1, inputs, bytes) .. bytes(2, output) .. bytes(3, output) .. bytes(4, operator)
  for name, value in pairs(attributes or {}) do
    local is_list = type(value) == "table"
    local body = is_list and each(8, value, integer) .. integer(20, 7) or integer(3, value) .. integer(20, 2)
    text = text .. bytes(5, bytes(1, name) .. body)
  end
  return text
end

-- A constant of the values of an augq.Tensor under another shape.
function M.constant(name, shape, tensor)
  local values = tensor:values()
  for index, value in ipairs(values) do values[index] = string.pack("<f", value) end
  return each(1, shape, integer) .. integer(2, 1) .. bytes(8, name) .. bytes(9, table.concat(values))
end

-- A model of one input `x` of a shape for one image and one output.
function M.write(path, shape, nodes, constants, output)
  local dimensions = bytes(1, bytes(2, "N")) .. each(1, shape, function(_, n) return bytes(1, integer(1, n)) end)
  local input = bytes(1, "x") .. bytes(2, bytes(1, integer(1, 1) .. bytes(2, dimensions)))
  local graph = each(1, nodes, bytes) .. bytes(2, "recipe") .. each(5, constants, bytes) .. bytes(11, input)
    .. bytes(12, bytes(1, output))
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(integer(1, 8), bytes(7, graph), bytes(8, integer(2, 13))))
end

return M
