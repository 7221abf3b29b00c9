-- Units of fine-tuning: the whole network at once.
return {
  summary = "The whole network.",
  api = ">=1.0 <2",
  units = function(graph)
    return { { name = "network", entry = graph.input.name, exit = graph.output.name } }
  end,
}
