-- The number of values that a node has for one image.
return function(graph, name)
  local count = 1
  for _, extent in ipairs(graph:node(name).shape) do count = count * extent end
  return count
end
