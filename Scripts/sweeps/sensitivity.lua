-- What each layer of ResNet-20 costs at 2, 3, 4 and 8 bits, all others at 8: about five minutes on a core. A sweep that
-- was stopped goes on where it was; Scripts/mixed_precision.lua reads what it found. It needs the data pack.
--
--     augq batch Scripts/sweeps/sensitivity.lua -j 2
--     augq report --sweep sensitivity --metric sqnr -o sensitivity.html
local augq = require "augq"

local layers = {}
for _, node in ipairs(augq.model.cifar_resnet { depth = 20 }:nodes()) do
  if node.weighted then layers[#layers + 1] = node.name end
end
return {
  script = "../sensitivity_point.lua",
  grid = { layer = layers, bits = { 2, 3, 4, 8 } },
}
