-- Units of fine-tuning: each branched block as a whole; outside of blocks, each layer with weights. What has no weights
-- belongs to the unit before it. Pools belong to none, as in the public code of BRECQ and of QDrop: behind one, the
-- errors of many positions are one number.
return {
  summary = "Each branched block; outside of blocks, each layer.",
  api = ">=1.0 <2",
  units = function(graph)
    local units = {}
    for _, region in ipairs(graph:regions()) do
      local last = units[#units]
      if region.weighted then
        units[#units + 1] = { name = region.exit, entry = region.entry, exit = region.exit }
      elseif last and last.exit == region.entry and not graph:node(region.exit).kind:find "pool" then
        last.exit = region.exit
      end
    end
    return units
  end,
}
