-- One width for every layer: the largest that the mean allows.
return {
  summary = "One width for every layer, at most the mean bits asked for.",
  api = ">=1.0 <2",
  options = { mean_bits = { 4.0, "mean bits per weight, at most", 1, 32 } },
  allocate = function(layers, options)
    local result = {}
    for _, layer in ipairs(layers) do
      local best
      for _, bits in ipairs(layer.bits) do
        if bits <= options.mean_bits and (not best or bits > best) then best = bits end
      end
      result[layer.key] = best or math.min(table.unpack(layer.bits))
    end
    return result
  end,
}
