-- Widths and granularities of the bundled network on Fashion-MNIST, in about a minute.
--
--     augq batch Scripts/sweeps/fashion.lua -j 2
return {
  script = "fashion_point.lua",
  zip = { granularity = { "augq", "uniform", "uniform" }, bits = { 2, 4, 2 } },
  grid = { group = { "tensor", "channel" }, seed = { 1, 2 } },
  time = 120,
}
