-- Allocators beside each other at four budgets, from what the sweep sensitivity.lua has found; weights rounded in
-- closed form. It needs the data pack and that sweep's results.
--
--     augq batch Scripts/sweeps/sensitivity.lua -j 2 && augq batch Scripts/sweeps/mixed_precision.lua -j 2
return {
  script = "../mixed_precision.lua",
  grid = {
    allocator = { "uniform", "greedy", "pareto", "integer_program", "memory_driven" },
    mean_bits = { 2.5, 3.0, 3.5, 4.0 },
  },
}
