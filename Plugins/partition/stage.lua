-- Units of fine-tuning: all blocks in a row whose outputs have one height and width. Pools belong to none.
return {
  summary = "Blocks in a row of one height and width.",
  api = ">=1.0 <2",
  units = function(graph)
    local units = {}
    for _, region in ipairs(graph:regions()) do
      local shape = graph:node(region.exit).shape
      local extent = table.concat(shape, "x", 1, #shape - 1)
      local last = units[#units]
      if last and last.exit == region.entry and extent == last.extent then
        last.exit = region.exit
      elseif region.weighted then
        units[#units + 1] = { name = region.exit, entry = region.entry, exit = region.exit, extent = extent }
      end
    end
    return units
  end,
}
