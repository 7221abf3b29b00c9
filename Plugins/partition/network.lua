-- Units of fine-tuning: the whole network at once.
return function(graph)
  return { { name = "network", entry = graph.input.name, exit = graph.output.name } }
end
