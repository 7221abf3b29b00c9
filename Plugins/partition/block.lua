-- Units of fine-tuning: each branched block as a whole; outside of blocks, each layer with weights. What has no weights
-- belongs to the unit before it.
return {
  summary = "Each branched block; outside of blocks, each layer.",
  api = ">=1.0 <2",
  units = function(graph)
    local units = {}
    for _, region in ipairs(graph:regions()) do
      if region.weighted or #units == 0 then
        units[#units + 1] = { name = region.exit, entry = region.entry, exit = region.exit }
      else
        units[#units].exit = region.exit
      end
    end
    return units
  end,
}
