-- The CIFAR ResNet-20 of cifar_resnet.lua.
local build = require "cifar_resnet"

return function(given) return build { depth = 20, classes = given.classes } end
