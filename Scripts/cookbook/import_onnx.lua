-- How do I import an ONNX file, and what does it say when it cannot?
-- `augq.load "network.onnx"` reads opset 11 to 20, one image input and convolutional networks; images are then
-- `[N, H, W, C]` as everywhere in `augq`. Batch norms are folded into the layers before them when you quantize. What
-- cannot be imported is listed operator by operator, with the names of the nodes, so that one look tells what to export
-- without.
local augq = require "augq"
local onnx = require "lib.onnx"

-- A file to import: a network of ours written by the twenty lines of `lib/onnx.lua`, as an exporter would.
local graph = augq.graph { 28, 28, 1 }
local x = graph:conv2d(graph.input, { name = "conv", filters = 8, kernel = 5, stride = 2, padding = 2 })
x = graph:flatten(graph:global_average_pool(graph:relu(x)))
graph.output = graph:linear(x, { name = "head", features = 10 })
local model = augq.build(graph)

local path = os.tmpname()
local function write(activation)
  onnx.write(path .. ".onnx", { 1, 28, 28 }, {
    onnx.node("Conv", { "x", "w", "b" }, "c", { kernel_shape = { 5, 5 }, strides = { 2, 2 }, pads = { 2, 2, 2, 2 } }),
    onnx.node(activation, { "c" }, "r"), onnx.node("GlobalAveragePool", { "r" }, "p"),
    onnx.node("Flatten", { "p" }, "f"), onnx.node("Gemm", { "f", "v", "a" }, "y", { transB = 1 }),
  }, {
    onnx.constant("w", { 8, 1, 5, 5 }, model:parameter "conv.weight"),
    onnx.constant("b", { 8 }, model:parameter "conv.bias"),
    onnx.constant("v", { 10, 8 }, model:parameter "head.weight"),
    onnx.constant("a", { 10 }, model:parameter "head.bias"),
  }, "y")
end

write "Relu"
local imported = augq.load(path .. ".onnx")
local images = augq.data.fashion_mnist().test:subset(1, 8):images()
local difference = (imported:forward(images) - model:forward(images)):abs():max()
for _, node in ipairs(imported.graph:nodes()) do
  print(("%-8s%-22s%s"):format(node.name, node.kind, table.concat(node.shape, "x")))
end
print(("logits as in the network it was made of: %s"):format(difference < 1e-5))

write "Elu"
local _, problem = pcall(augq.load, path .. ".onnx")
print((tostring(problem):gsub("^.*%.onnx", "network.onnx")))
os.remove(path)
os.remove(path .. ".onnx")

-- It printed:
--
-- ```text
-- input   input                 28x28x1
-- c       conv2d                14x14x8
-- r       relu                  14x14x8
-- p       global_average_pool   1x1x8
-- y_flat  flatten               8
-- y       linear                10
-- logits as in the network it was made of: true
-- network.onnx uses what cannot be imported: Elu (node 'r'). Export it without, or build the network in Lua.
-- ```
