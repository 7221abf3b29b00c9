-- As many bits as the memories of a microcontroller hold: activations are cut until each step fits into RAM, weights
-- until all fit into flash. No losses are looked at.
-- Source: Rusci et al. 2020, "Memory-Driven Mixed Low Precision Quantization for Enabling Deep Network Inference on
-- Microcontrollers", algorithms 1 and 2; here a step counts everything that is alive, shortcuts too.

-- The widest width below, or nil.
local function narrower(widths, bits)
  local best
  for _, width in ipairs(widths) do
    if width < bits and (not best or width > best) then best = width end
  end
  return best
end

local function cut_activations(memory, ram, least)
  local bits, widths = {}, {}
  for _, width in ipairs { 8, 4, 2 } do
    if width >= least then widths[#widths + 1] = width end
  end
  for _, step in ipairs(memory) do
    for _, value in ipairs(step.alive) do bits[value.key] = 8 end
  end
  local function bytes(value) return math.ceil(value.count * bits[value.key] / 8) end
  local function total(step)
    local sum = 0
    for _, value in ipairs(step.alive) do sum = sum + bytes(value) end
    return sum
  end
  local function largest(step)
    local best
    for _, value in ipairs(step.alive) do
      if narrower(widths, bits[value.key]) and (not best or bytes(value) > bytes(best)) then best = value end
    end
    return best
  end
  -- Forward: what a step writes, the last of its values, is cut while it is the largest.
  for _, step in ipairs(memory) do
    while total(step) > ram do
      local value = largest(step)
      if value ~= step.alive[#step.alive] then break end
      bits[value.key] = narrower(widths, bits[value.key])
    end
  end
  -- Backward: whatever is the largest.
  for index = #memory, 1, -1 do
    local step = memory[index]
    while total(step) > ram do
      local value = largest(step)
      if not value then
        error(("step '%s' needs %d bytes of RAM with %d-bit activations; there are %d. Give more RAM.")
          :format(step.node, total(step), widths[#widths], ram), 0)
      end
      bits[value.key] = narrower(widths, bits[value.key])
    end
  end
  return bits
end

local function cut_weights(layers, flash, margin)
  local bits = {}
  local function bytes(layer) return math.ceil(layer.count * bits[layer.key] / 8) end
  for _, layer in ipairs(layers) do bits[layer.key] = math.max(table.unpack(layer.bits)) end
  while true do
    local total, most = 0, 0
    for _, layer in ipairs(layers) do
      total = total + bytes(layer)
      if narrower(layer.bits, bits[layer.key]) then most = math.max(most, bytes(layer)) end
    end
    if total <= flash then return bits end
    if most == 0 then
      error(("the weights take %d bytes at their narrowest; there are %d of flash. Give more, or narrower widths.")
        :format(total, flash), 0)
    end
    -- The first of those whose share is within the margin of the largest one.
    for _, layer in ipairs(layers) do
      local next = narrower(layer.bits, bits[layer.key])
      if next and bytes(layer) / total >= most / total - margin then
        bits[layer.key] = next
        break
      end
    end
  end
end

return {
  summary = "Memory-driven (Rusci et al. 2020): weights cut until they fit into flash, activations into RAM.",
  api = ">=1.0 <2",
  options = {
    flash = { 1 << 40, "bytes for all weights", 1, 1 << 40 },
    ram = { 1 << 40, "bytes for the activations of a step; the third argument says what is alive", 1, 1 << 40 },
    margin = { 0.05, "share of all bytes within which the earlier layer is cut", 0, 1 },
    least = { 2, "bits of an activation, at least", 2, 8 },
  },
  allocate = function(layers, options, memory)
    local result = cut_weights(layers, options.flash, options.margin)
    for key, bits in pairs(cut_activations(memory, options.ram, options.least)) do result[key] = bits end
    return result
  end,
}
