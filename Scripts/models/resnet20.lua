-- The CIFAR ResNet-20 of cifar_resnet.lua.
local blocks = require "blocks"
local build = require "cifar_resnet"

return function(given)
  return build { depth = 20, classes = blocks.options(given, { classes = 10 }).classes }
end
