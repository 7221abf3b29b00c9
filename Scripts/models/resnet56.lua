-- The CIFAR ResNet-56 of cifar_resnet.lua.
local build = require "cifar_resnet"

return function(given) return build { depth = 56, classes = given.classes } end
