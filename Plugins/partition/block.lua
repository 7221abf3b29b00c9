-- Units of fine-tuning: each branched block as a whole; outside of blocks, each layer with weights. What has no weights
-- and as many values, such as an activation, belongs to the unit before it; pools belong to none, as in the public code
-- of BRECQ and of QDrop: behind one, errors of many positions would be one number.
local values = require "lib.values"

return {
  summary = "Each branched block; outside of blocks, each layer.",
  api = ">=1.0 <2",
  units = function(graph)
    local units = {}
    for _, region in ipairs(graph:regions()) do
      local last = units[#units]
      if region.weighted then
        units[#units + 1] = { name = region.exit, entry = region.entry, exit = region.exit }
      elseif last and last.exit == region.entry and values(graph, region.exit) == values(graph, last.exit) then
        last.exit = region.exit
      end
    end
    return units
  end,
}
