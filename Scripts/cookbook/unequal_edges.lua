-- How do I give AuGQ's intervals unequal widths?
-- With `edges`, the inner edges as rising fractions of the range. Equal intervals make a uniform grid; short intervals
-- where the values are dense and long ones in the tails do better when the tails are heavy. Edges that follow from the
-- values belong into a plugin, as in `pwlq`. Unequal edges cost levels: K 2^b codes in place of K (2^b - 1) + 1.
local augq = require "augq"

-- Normal values, and heavy-tailed ones made of them.
local normal = augq.tensor.normal({ 1 << 16 }, 1)
local heavy = normal * normal * normal

local function snr(x, y)
  local error = x - y
  return 10 * math.log((x * x):sum() / (error * error):sum(), 10)
end

local grid = augq.granularity
local grids = {
  { "uniform, 6 bits", grid.uniform { bits = 6 } },
  { "AuGQ, 4 bits, K = 4, equal", grid.augq { bits = 4, intervals = 4 } },
  { "AuGQ, edges 0.3, 0.5, 0.7", grid.augq { bits = 4, intervals = 4, edges = { 0.3, 0.5, 0.7 } } },
  { "AuGQ, edges 0.4, 0.5, 0.6", grid.augq { bits = 4, intervals = 4, edges = { 0.4, 0.5, 0.6 } } },
  { "PWLQ, 4 bits", grid.pwlq { bits = 4 } },
}
local rows = augq.table {
  { "grid", "text" }, { "stored", "bits" }, { "normal dB", "number" }, { "heavy dB", "number" },
}
for _, row in ipairs(grids) do
  local y, bits = augq.fake_quantize(normal, row[2])
  local z = augq.fake_quantize(heavy, row[2])
  rows:add { grid = row[1], stored = bits.stored, ["normal dB"] = snr(normal, y), ["heavy dB"] = snr(heavy, z) }
end
rows:print()

-- It printed:
--
-- ```text
-- grid                        stored  normal dB  heavy dB
-- --------------------------  ------  ---------  --------
-- uniform, 6 bits              6.000      30.03     20.06
-- AuGQ, 4 bits, K = 4, equal   6.000      29.62     19.76
-- AuGQ, edges 0.3, 0.5, 0.7    6.000      30.82     21.06
-- AuGQ, edges 0.4, 0.5, 0.6    6.000      28.28     23.77
-- PWLQ, 4 bits                 6.000      27.48     21.48
-- ```
