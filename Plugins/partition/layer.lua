-- Units of fine-tuning: each convolution or linear layer with the chain of layers without weights behind it, up to
-- a pool.
return {
  summary = "Each layer with weights, and what follows it alone.",
  api = ">=1.0 <2",
  units = function(graph)
    local units = {}
    for _, node in ipairs(graph:nodes()) do
      if node.weighted then
        local last = node
        while #last.users == 1 do
          local user = graph:node(last.users[1])
          if user.weighted or #user.inputs > 1 or user.kind:find "pool" then break end
          last = user
        end
        units[#units + 1] = { name = node.name, entry = node.inputs[1], exit = last.name }
      end
    end
    return units
  end,
}
