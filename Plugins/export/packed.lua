-- The packed model file that augq.load_engine reads.
return {
  summary = "An integer engine as a packed model file.",
  api = ">=1.0 <2",
  write = function(network, path)
    local engine = network.compile and network:compile() or network
    engine:save(path)
    return engine.byte_count
  end,
}
