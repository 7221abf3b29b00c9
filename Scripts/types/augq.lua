---@meta augq
-- Generated from the binding tables by `augq docs --write`; do not edit.

---A network's architecture: a directed acyclic graph of layers.
---@class augq.Graph
---@field input augq.Node the input
---@field output augq.Node the node whose value is the result; assign to change it
---@field parameter_count integer number of trainable values of a model of this graph
local Graph = {}

---@class Graph.conv2d.Options
---@field filters any channels of the output; an integer of at least 1
---@field kernel any extents of the kernel {height, width}; an integer, or a list of 2, each of at least 1
---@field stride? any steps between positions {height, width}; an integer, or a list of 2, each of at least 1 (default { 1, 1 })
---@field padding? any zeros around the image {top, left, bottom, right}; an integer, or a list of 4, each of at least 0 (default { 0, 0, 0, 0 })
---@field dilation? any distance between the kernel's taps {height, width}; an integer, or a list of 2, each of at least 1 (default { 1, 1 })
---@field groups? any groups of channels that do not see each other; an integer of at least 1 (default 1)
---@field bias? any whether a bias is added; true or false (default true)
---@field name? string unique name, the prefix of the parameters' keys

---Two-dimensional convolution, plain, grouped or depthwise.
---@param x1 augq.Node input
---@param options? Graph.conv2d.Options options
---@return augq.Node
function Graph:conv2d(x1, options) end

---@class Graph.linear.Options
---@field features any length of the output; an integer of at least 1
---@field bias? any whether a bias is added; true or false (default true)
---@field name? string unique name, the prefix of the parameters' keys

---Fully connected layer.
---@param x1 augq.Node input
---@param options? Graph.linear.Options options
---@return augq.Node
function Graph:linear(x1, options) end

---@class Graph.batch_norm.Options
---@field epsilon? any added to the variance; a number in 1e-12 ... 1.0 (default 1e-05)
---@field momentum? any share of the batch's statistics in the running ones; a number in 0.0 ... 1.0 (default 0.1)
---@field name? string unique name, the prefix of the parameters' keys

---Batch normalisation over all dimensions but the channel.
---@param x1 augq.Node input
---@param options? Graph.batch_norm.Options options
---@return augq.Node
function Graph:batch_norm(x1, options) end

---@class Graph.relu.Options
---@field name? string unique name, the prefix of the parameters' keys

---Rectified linear unit, max(x, 0).
---@param x1 augq.Node input
---@param options? Graph.relu.Options options
---@return augq.Node
function Graph:relu(x1, options) end

---@class Graph.relu6.Options
---@field name? string unique name, the prefix of the parameters' keys

---Rectified linear unit with a ceiling, min(max(x, 0), 6).
---@param x1 augq.Node input
---@param options? Graph.relu6.Options options
---@return augq.Node
function Graph:relu6(x1, options) end

---@class Graph.hard_swish.Options
---@field name? string unique name, the prefix of the parameters' keys

---Hard swish, x relu6(x + 3) / 6.
---@param x1 augq.Node input
---@param options? Graph.hard_swish.Options options
---@return augq.Node
function Graph:hard_swish(x1, options) end

---@class Graph.sigmoid.Options
---@field name? string unique name, the prefix of the parameters' keys

---Logistic function, 1 / (1 + exp(-x)).
---@param x1 augq.Node input
---@param options? Graph.sigmoid.Options options
---@return augq.Node
function Graph:sigmoid(x1, options) end

---@class Graph.hard_sigmoid.Options
---@field slope? any growth between the bounds; a number (default 0.1666666716337204)
---@field offset? any value at 0; a number (default 0.5)
---@field name? string unique name, the prefix of the parameters' keys

---A line cut off at 0 and 1, min(max(slope x + offset, 0), 1).
---@param x1 augq.Node input
---@param options? Graph.hard_sigmoid.Options options
---@return augq.Node
function Graph:hard_sigmoid(x1, options) end

---@class Graph.clip.Options
---@field low? any least value of the output; a number (default 0.0)
---@field high? any largest value of the output; a number (default 1.0)
---@field name? string unique name, the prefix of the parameters' keys

---Values cut off at two bounds, min(max(x, low), high).
---@param x1 augq.Node input
---@param options? Graph.clip.Options options
---@return augq.Node
function Graph:clip(x1, options) end

---@class Graph.softmax.Options
---@field name? string unique name, the prefix of the parameters' keys

---Softmax over the last dimension.
---@param x1 augq.Node input
---@param options? Graph.softmax.Options options
---@return augq.Node
function Graph:softmax(x1, options) end

---@class Graph.add.Options
---@field name? string unique name, the prefix of the parameters' keys

---Sum of two values of one shape.
---@param x1 augq.Node input
---@param x2 augq.Node input
---@param options? Graph.add.Options options
---@return augq.Node
function Graph:add(x1, x2, options) end

---@class Graph.mul.Options
---@field name? string unique name, the prefix of the parameters' keys

---Product of two values of one shape, or of an image and one factor per channel.
---@param x1 augq.Node input
---@param x2 augq.Node input
---@param options? Graph.mul.Options options
---@return augq.Node
function Graph:mul(x1, x2, options) end

---@class Graph.max_pool.Options
---@field kernel any extents of the kernel {height, width}; an integer, or a list of 2, each of at least 1
---@field stride? any steps between positions {height, width}; an integer, or a list of 2, each of at least 1 (default { 1, 1 })
---@field padding? any zeros around the image {top, left, bottom, right}; an integer, or a list of 4, each of at least 0 (default { 0, 0, 0, 0 })
---@field name? string unique name, the prefix of the parameters' keys

---Largest value under a moving window.
---@param x1 augq.Node input
---@param options? Graph.max_pool.Options options
---@return augq.Node
function Graph:max_pool(x1, options) end

---@class Graph.average_pool.Options
---@field kernel any extents of the kernel {height, width}; an integer, or a list of 2, each of at least 1
---@field stride? any steps between positions {height, width}; an integer, or a list of 2, each of at least 1 (default { 1, 1 })
---@field padding? any zeros around the image {top, left, bottom, right}; an integer, or a list of 4, each of at least 0 (default { 0, 0, 0, 0 })
---@field count_padding? any whether zeros of the padding count as values; true or false (default true)
---@field name? string unique name, the prefix of the parameters' keys

---Mean under a moving window.
---@param x1 augq.Node input
---@param options? Graph.average_pool.Options options
---@return augq.Node
function Graph:average_pool(x1, options) end

---@class Graph.global_average_pool.Options
---@field name? string unique name, the prefix of the parameters' keys

---Mean over all positions of an image.
---@param x1 augq.Node input
---@param options? Graph.global_average_pool.Options options
---@return augq.Node
function Graph:global_average_pool(x1, options) end

---@class Graph.concat.Options
---@field name? string unique name, the prefix of the parameters' keys

---Channels of several images side by side.
---@param x1 augq.Node input
---@param x2 augq.Node input
---@param options? Graph.concat.Options options
---@return augq.Node
function Graph:concat(x1, x2, options) end

---@class Graph.slice.Options
---@field start? any first channel, from 0; an integer of at least 0 (default 0)
---@field stop any channel behind the last one; an integer of at least 1
---@field name? string unique name, the prefix of the parameters' keys

---A run of channels; several slices of one value are a split.
---@param x1 augq.Node input
---@param options? Graph.slice.Options options
---@return augq.Node
function Graph:slice(x1, options) end

---@class Graph.channel_shuffle.Options
---@field groups any rows of the transposed table; an integer of at least 1
---@field name? string unique name, the prefix of the parameters' keys

---Transposes channels seen as groups x channels per group.
---@param x1 augq.Node input
---@param options? Graph.channel_shuffle.Options options
---@return augq.Node
function Graph:channel_shuffle(x1, options) end

---@class Graph.flatten.Options
---@field name? string unique name, the prefix of the parameters' keys

---All values of an image as one vector.
---@param x1 augq.Node input
---@param options? Graph.flatten.Options options
---@return augq.Node
function Graph:flatten(x1, options) end

---@class Graph.pad.Options
---@field padding? any rows and columns of zeros {top, left, bottom, right}; an integer, or a list of 4, each of at least 0 (default { 0, 0, 0, 0 })
---@field channels? any channels of zeros {before, after}; an integer, or a list of 2, each of at least 0 (default { 0, 0 })
---@field name? string unique name, the prefix of the parameters' keys

---Zeros around an image and its channels.
---@param x1 augq.Node input
---@param options? Graph.pad.Options options
---@return augq.Node
function Graph:pad(x1, options) end

---Returns every node in topological order; what the output does not depend on is left out.
---@return { name: string, kind: string, inputs: string[], users: string[], shape: integer[], weighted: boolean }[]
function Graph:nodes() end

---Returns what is known of one node.
---@param name string the node's name
---@return { name: string, kind: string, inputs: string[], users: string[], shape: integer[], weighted: boolean }
function Graph:node(name) end

---Returns the smallest parts with one way in and one way out, in order: single layers and whole branched blocks.
---@return { entry: string, exit: string, nodes: string[], weighted: boolean }[]
function Graph:regions() end

---A value inside a graph.
---@class augq.Node
---@field name string the node's name
---@field shape integer[] the value's shape for one image
local Node = {}

---A network: architecture and FP32 values.
---@class augq.Model
---@field graph augq.Graph the architecture; changes to it change nothing
---@field parameter_count integer number of trainable values
---@field byte_count integer bytes of all values in FP32, batch norms folded
local Model = {}

---Writes PATH.safetensors and PATH.lua, each whole or not at all.
---@param path string path without extension
function Model:save(path) end

---Returns the network with every batch norm folded into the layer before it.
---@return augq.Model
function Model:fold_batch_norm() end

---Computes the output for a batch.
---@param images augq.Tensor batch [N, …]
---@return augq.Tensor
function Model:forward(images) end

---Returns a copy of one parameter or buffer.
---@param key string such as stem.weight
---@return augq.Tensor
function Model:parameter(key) end

---A network with grids on its weights and activations; computes fake-quantized.
---@class augq.Quantized
---@field graph augq.Graph the architecture, batch norms folded; changes to it change nothing
---@field bits table mean bits per weight: nominal, stored, entropy, side; unquantized in percent; count
---@field activation_bits table the same, mean over the activations of one image
---@field byte_count integer bytes of the packed model file
local Quantized = {}

---Lowers the network to integers; fails for mode published and says why.
---@return augq.Engine
function Quantized:compile() end

---Computes the output for a batch, every planned value on its grid.
---@param images augq.Tensor batch [N, …]
---@return augq.Tensor
function Quantized:forward(images) end

---Returns whether every planned weight is a level of its grid, as after rounding.
---@return boolean
function Quantized:weights_on_levels() end

---Returns what the weights of each layer cost.
---@return table[]
function Quantized:layers() end

---Returns what the outputs of each node with a grid cost, for one image.
---@return table[]
function Quantized:activations() end

---Returns, step by step, the activations that are in memory: { node, alive = { { key, count }, … } }.
---@return table[]
function Quantized:memory() end

---Integer-only inference: no float between the quantized input and the logits.
---@class augq.Engine
---@field byte_count integer bytes of the packed model file
---@field kernels string the instruction set it runs with
local Engine = {}

---Writes the packed model file, whole or not at all.
---@param path string where
function Engine:save(path) end

---Computes the logits of a batch.
---@param images augq.Tensor batch [N, …]
---@return augq.Tensor
function Engine:forward(images) end

---A rule that moves parameters.
---@class augq.Optimizer
local Optimizer = {}

---The course of the learning rate.
---@class augq.Schedule
local Schedule = {}

---How well a network does on a data set.
---@class augq.Evaluation
---@field top1 number top-1 accuracy, percent
---@field count integer images scored
---@field correct integer images right
---@field seconds number wall-clock time
---@field images_per_second number images per second of wall-clock time
local Evaluation = {}

---Rows of results.
---@class augq.Table
local Table = {}

---Adds a row; a column without a value prints as -.
---@param row table values by column name
function Table:add(row) end

---Adds a remark under the table.
---@param text string the remark
function Table:note(text) end

---@class Table.print.Options
---@field json? boolean print one JSON object a line (default false)
---@field csv? boolean print CSV (default false)

---Prints the table on standard output.
---@param options? Table.print.Options options
function Table:print(options) end

---Returns the table as the text that a report plugin makes of it.
---@param format string plugin of kind report: markdown, html, … or one of yours
---@param options? table options of the plugin
---@return string
function Table:render(format, options) end

---A workbench for neural-network quantization.
local augq = {}

---Begins a network that reads images of a shape.
---@param shape integer[] shape of one image, {H, W, C}, or {features}
---@return augq.Graph
function augq.graph(shape) end

---@class augq.load.Options
---@field weights? string file of the values instead: ours, or a PyTorch state dictionary
---@field architecture? any what the model file's function takes, such as { width = 0.25 }

---Loads a network: PATH.lua builds the architecture, PATH.safetensors has the values; or one ONNX file.
---@param source string|augq.Graph path without extension, or x.onnx, beside the script or as given; or a graph, with the option weights
---@param options? augq.load.Options options
---@return augq.Model
function augq.load(source, options) end

---@class augq.build.Options
---@field seed? integer seed of the initial values (default 1)
---@field architecture? any what the model file's function takes, such as { width = 0.25 }

---Makes a network with fresh values from a Lua model file or a graph.
---@param source string|augq.Graph path without extension, or a graph
---@param options? augq.build.Options options
---@return augq.Model
function augq.build(source, options) end

---Builds the graph of a Lua model file, without values.
---@param path string path without extension, beside the script or as given
---@param options? table what the model file's function takes
---@return augq.Graph
function augq.architecture(path, options) end

---@class augq.quantize.Options
---@field weights? augq.Granularity|augq.Codebook grid of the weights; FP32 when absent
---@field activations? augq.Granularity grid of the activations; FP32 when absent
---@field calibration? augq.Dataset images that show the activations' ranges
---@field layers? any grids of weights that differ from the rest, by parameter key such as stem.weight
---@field nodes? any grids of activations that differ from the rest, by the name of the node whose output it is
---@field gradient? any plugin of kind gradient: what passes back through the grids in training (default straight-through)
---@field first_last? "8bit"|"same" 8bit keeps 256 levels in weights of the first and last layers, the output of the first and the input of the last; same treats them as the rest (default "8bit")

---Folds batch norms, fits the grids of weights and, from calibration images, of activations.
---@param model augq.Model an FP32 network
---@param options augq.quantize.Options options
---@return augq.Quantized
function augq.quantize(model, options) end

---Reads a packed model file that engine:save() wrote.
---@param path string the file
---@return augq.Engine
function augq.load_engine(path) end

---Compares mode published with values that the AuGQ authors' code computed.
---@param path string safetensors file laid out as augq_reference.safetensors
---@return { values: integer, tensors: integer, mismatches: string[] }
function augq.golden_check(path) end

---@class augq.reconstruct.Options
---@field calibration augq.Dataset images; 64 are enough to begin with
---@field method? any plugin of kind reconstruction: adaround, brecq, qdrop, adaquant, ptmq, or one of yours (default "qdrop")
---@field units? any plugin of kind partition: layer, block, stage, network, or one of yours (default the method's)
---@field widths? any networks of the same weights and other activation grids, fine-tuned with the same rounding
---@field reference? augq.Model the FP32 network; needed when the weights are rounded already, as after augq.round (default the network as it is)
---@field folder? string where results of finished units are kept, so that a run that was killed goes on
---@field iterations? integer steps per unit (default 500)
---@field batch? integer images per step (default 32)
---@field seed? integer seed of batches and draws (default 1)
---@field rounding? "adaround"|"adaquant"|"nearest" adaround: a learned choice between neighbouring levels; adaquant: continuous weights through the quantizer (default "adaround")
---@field learning_rate? number step of Adam on weights (default 0.01 (adaquant 0.001))
---@field regularization? number weight of AdaRound's regulariser against the error (default 0.05)
---@field warmup? number share of the steps without regulariser (default 0.2)
---@field beta? number[] exponent of the regulariser after the warm-up and at the end (default { 20, 2 })
---@field ranges? "learned"|"fixed" ranges of activations (default "learned")
---@field range_learning_rate? number step of Adam on factors of ranges (default 0.0003)
---@field biases? "fixed"|"learned" biases of convolutions and linear layers (default "fixed")
---@field bias_learning_rate? number step of Adam on biases (default 0.001)
---@field activations? "quantized"|"full_precision" full_precision: the stage sees quantized weights and FP32 activations everywhere (BRECQ's first stage) (default "quantized")
---@field input? "mixed"|"quantized"|"full_precision" what units read: each value of either network (QDrop), those of the quantized one, or those of the FP32 one (default "mixed")
---@field input_share? number share of quantized values in mixed inputs (default 0.5)
---@field quantized_share? number probability that an activation inside a unit is quantized in a step (default 0.5)
---@field weighting? "uniform"|"fisher" weights of output errors (default "uniform")
---@field power? number power of output errors (default 2)

---Fine-tunes rounding and ranges of a quantized network unit by unit, from a few images without labels.
---@param network augq.Quantized what to fine-tune
---@param options augq.reconstruct.Options options; those of stages apply to every stage of the method
---@return augq.Quantized, { seconds: number, units: table[], widths: augq.Quantized[] }
function augq.reconstruct(network, options) end

---Returns the most memory the process has had in use, mapped caches included.
---@return integer
function augq.peak_bytes() end

---Returns the wall-clock time since the recipe began, in seconds; os.clock counts processor time.
---@return number
function augq.seconds() end

---@class augq.round.Options
---@field calibration? augq.Dataset images that show what the layers read
---@field method? string closed: column by column on any grid (GPTQ); bit_split: ternary bit planes with scales per channel of their own; or a plugin of kind rounding (default "closed")
---@field inputs? "corrected"|"quantized"|"float" float: the FP32 network's inputs; quantized: those of the layers already rounded; corrected: these, with the FP32 output as the goal (default "corrected")
---@field order? "falling"|"natural" falling: columns with the strongest inputs first (default "falling")
---@field damping? number share of the mean diagonal added to the Hessian's (default 0.01)
---@field sweeps? integer sweeps of coordinate descent after method closed (default 10)
---@field patches? integer patches of a layer, evenly taken from all images, that make its Hessian, at most (default 65536)
---@field batch? integer images per forward pass (default 32)

---Rounds weights for the least error of each layer's output, without training.
---@param quantized augq.Quantized a quantized network
---@param options augq.round.Options options
---@return augq.Quantized
function augq.round(quantized, options) end

---@class augq.correct_bias.Options
---@field calibration? augq.Dataset images that show what the layers read
---@field reference? augq.Model the FP32 network; needed after augq.round, which replaces the weights, and by method batch_norm
---@field method? "images"|"batch_norm" images: measured on the calibration images; batch_norm: from the reference's batch norms, without images (default "images")
---@field batch? integer images per forward pass (default 32)

---Moves biases so that the mean output of every channel is that of the FP32 network.
---@param quantized augq.Quantized a quantized network
---@param options augq.correct_bias.Options options
---@return augq.Quantized
function augq.correct_bias(quantized, options) end

---Fits a granularity to a tensor and returns the tensor on its grid and what it costs.
---@param tensor augq.Tensor values
---@param granularity augq.Granularity|augq.Codebook what the grid looks like
---@return augq.Tensor, table
function augq.fake_quantize(tensor, granularity) end

---@class augq.evaluate.Options
---@field batch? integer images scored in one call (default 200)

---Scores every image of a data set.
---@param network augq.Model|augq.Quantized|augq.Engine what to measure
---@param data augq.Dataset labelled images
---@param options? augq.evaluate.Options options
---@return augq.Evaluation
function augq.evaluate(network, data, options) end

---@class augq.compare.Options
---@field batch? integer images scored in one call (default 200)

---Says how close scores are to a reference's: sqnr in dB, kl in nats, agreement in %; with labels loss and top1 too.
---@param network augq.Model|augq.Quantized what to measure
---@param reference augq.Model|augq.Quantized what it is compared with
---@param data augq.Dataset images; with labels there are loss and top1 too
---@param options? augq.compare.Options options
---@return table<string, number>
function augq.compare(network, reference, data, options) end

---@class augq.train.Options
---@field data augq.Dataset training images
---@field validation? augq.Dataset images to measure after each epoch
---@field epochs? integer passes over the data (default 1)
---@field batch? integer images per step (default 128)
---@field optimizer augq.Optimizer augq.optimizer.sgd{…} or adam{…}
---@field schedule? augq.Schedule augq.schedule.cosine{…} or the like (default constant)
---@field augment? any random changes of the images
---@field label_smoothing? number share of the target spread over all classes (default 0)
---@field seed? integer seed of order and augmentation (default 1)
---@field on_epoch? function called with { number, loss, train_top1, validation_top1, seconds }

---Minimises the softmax cross-entropy over a data set, in place; a quantized network trains through its fake quantizers.
---@param network augq.Model|augq.Quantized what to train
---@param options augq.train.Options options
---@return { epochs: table[], last: table, seconds: number }
function augq.train(network, options) end

---Chooses the bits of each layer from the losses of its widths, and of activations where the plugin does.
---@param layers table[] { key = parameter key, count = weights, bits = { 2, 4, 8 }, loss = { of each of them } } per layer
---@param options table allocator, and the options of that plugin
---@param memory? table[] what quantized:memory() returns, for plugins that bound activations
---@return table<string, integer>
function augq.allocate(layers, options, memory) end

---Writes a network in the format of an export plugin; returns the number of bytes.
---@param network augq.Model|augq.Quantized|augq.Engine what to write
---@param path string where
---@param options table format, and the options of that plugin
---@return integer
function augq.export(network, path, options) end

---Asks a scheduler which trials a sweep plans next; none when all is done.
---@param trials table[] { parameters = { … }, status = "done", metrics = { … } } per trial so far
---@param options table scheduler, and the options of that plugin
---@return table[]
function augq.next_trials(trials, options) end

---Records a value of this run; sweeps compare the last value of each metric.
---@param metric string name, such as top1
---@param value number a finite number
---@param step? integer what it belongs to, such as an epoch
function augq.log(metric, value, step) end

---Keeps a copy of a file with this run; returns its SHA-256 digest.
---@param path string the file
---@param name? string its name in the run; the path's last part when absent
---@return string
function augq.artifact(path, name) end

---@class augq.runs.Options
---@field sweep? string only of this sweep
---@field status? "done"|"failed" only with this status
---@field folder? string the folder of runs; SQLite keeps files beside what it reads (default that of this run, AUGQ_RUNS, or runs)

---Returns runs, the earliest first: { id, sweep, status, seconds, script_digest, version, parameters, metrics }.
---@param options? augq.runs.Options options
---@return table[]
function augq.runs(options) end

---Begins a table of results.
---@param columns string[][] { name, format } per column; format is one of text, integer, bytes, number, percent, bits
---@return augq.Table
function augq.table(columns) end

---Reads the recipe's command-line options; --help prints them and ends the recipe.
---@param declared table { name = { default, summary, low, high } } or { default, summary, { names } }; _ in a name is - on the command line
---@param words? string what words without -- are, such as "FILE"; without it they are an error
---@return table, string[]
function augq.params(declared, words) end

---A dense FP32 array with value semantics.
---@class augq.Tensor
---@field shape integer[] extents, outermost first
---@field count integer number of values
---@operator add(any): augq.Tensor
---@operator sub(any): augq.Tensor
---@operator mul(any): augq.Tensor
---@operator div(any): augq.Tensor
---@operator unm: augq.Tensor
local Tensor = {}

---Returns the same values under another shape.
---@param shape integer[] extents of the same count
---@return augq.Tensor
function Tensor:reshape(shape) end

---Returns the values as a list.
---@return number[]
function Tensor:values() end

---Returns the sum of all values, accumulated in double.
---@return number
function Tensor:sum() end

---Returns the least value, NaN left out; NaN when there is none.
---@return number
function Tensor:min() end

---Returns the largest value, NaN left out; NaN when there is none.
---@return number
function Tensor:max() end

---Does nothing with another tensor: measures the cost of a call.
---@param other augq.Tensor any tensor
function Tensor:touch(other) end

---Returns the magnitudes.
---@return augq.Tensor
function Tensor:abs() end

---Returns the -1, 0 or 1.
---@return augq.Tensor
function Tensor:sign() end

---Returns the nearest whole numbers, half to even.
---@return augq.Tensor
function Tensor:round() end

---Returns the largest whole numbers not above the values.
---@return augq.Tensor
function Tensor:floor() end

---Returns the least whole numbers not below the values.
---@return augq.Tensor
function Tensor:ceil() end

---Returns the e to the power of the values.
---@return augq.Tensor
function Tensor:exp() end

---Returns the natural logarithms.
---@return augq.Tensor
function Tensor:log() end

---Returns the square roots.
---@return augq.Tensor
function Tensor:sqrt() end

---Returns the hyperbolic tangents.
---@return augq.Tensor
function Tensor:tanh() end

---Returns the 1 / (1 + exp(-x)).
---@return augq.Tensor
function Tensor:sigmoid() end

---The lesser of each value and another.
---@param other augq.Tensor|number a tensor of the same shape, or a number
---@return augq.Tensor
function Tensor:minimum(other) end

---The larger of each value and another.
---@param other augq.Tensor|number a tensor of the same shape, or a number
---@return augq.Tensor
function Tensor:maximum(other) end

---Each value to the power of another.
---@param other augq.Tensor|number a tensor of the same shape, or a number
---@return augq.Tensor
function Tensor:power(other) end

---1 where a value is less than another, else 0.
---@param other augq.Tensor|number a tensor of the same shape, or a number
---@return augq.Tensor
function Tensor:less(other) end

---1 where a value is at most another, else 0.
---@param other augq.Tensor|number a tensor of the same shape, or a number
---@return augq.Tensor
function Tensor:less_equal(other) end

---1 where a value is greater than another, else 0.
---@param other augq.Tensor|number a tensor of the same shape, or a number
---@return augq.Tensor
function Tensor:greater(other) end

---1 where a value equals another, else 0.
---@param other augq.Tensor|number a tensor of the same shape, or a number
---@return augq.Tensor
function Tensor:equal(other) end

---Returns the values cut off at two bounds.
---@param low number least value
---@param high number largest value
---@return augq.Tensor
function Tensor:clamp(low, high) end

---Returns values of one tensor where this one is not 0, of another where it is.
---@param one augq.Tensor|number where this is not 0
---@param other augq.Tensor|number where this is 0
---@return augq.Tensor
function Tensor:choose(one, other) end

---Returns how many of some rising edges are at or below each value: the interval's index, from 0.
---@param edges number[] rising edges
---@return augq.Tensor
function Tensor:bucketize(edges) end

---Returns the entry of a list that each value, 0, 1, …, stands for.
---@param entries number[] entry of 0 first
---@return augq.Tensor
function Tensor:take(entries) end

---Returns the rows first ... last of the first dimension, counted from 1.
---@param first integer first row
---@param last integer last row, included
---@return augq.Tensor
function Tensor:rows(first, last) end

---Returns all values in rising order, as a vector.
---@return augq.Tensor
function Tensor:sorted() end

---Returns the mean, accumulated in double.
---@return number
function Tensor:mean() end

---Returns the standard deviation (of n values, not n - 1).
---@return number
function Tensor:deviation() end

---Returns the value below which a share of the values lies, interpolated.
---@param share number 0 ... 1
---@return number
function Tensor:quantile(share) end

---Dense FP32 arrays in row-major order.
augq.tensor = {}

---Makes a tensor of zeros.
---@param shape integer[] extents, outermost first
---@return augq.Tensor
function augq.tensor.zeros(shape) end

---Makes a tensor with every value equal.
---@param shape integer[] extents, outermost first
---@param value number every value
---@return augq.Tensor
function augq.tensor.full(shape, value) end

---Makes a tensor from a list of values.
---@param shape integer[] extents, outermost first
---@param values number[] values in row-major order
---@return augq.Tensor
function augq.tensor.of(shape, values) end

---Reads one floating-point tensor of a safetensors file, as it is stored.
---@param path string the file
---@param name string the tensor's name
---@return augq.Tensor
function augq.tensor.load(path, name) end

---Draws standard normal values.
---@param shape integer[] extents, outermost first
---@param seed integer seed of the draw
---@return augq.Tensor
function augq.tensor.normal(shape, seed) end

---Labelled images.
---@class augq.Dataset
---@field count integer number of images
---@field classes string[] names of the classes
---@field shape integer[] shape of one image, {H, W, C}
local Dataset = {}

---@class Dataset.sample.Options
---@field seed? integer seed of the draw (default 1)

---Returns different images drawn at random.
---@param count integer how many
---@param options? Dataset.sample.Options options
---@return augq.Dataset
function Dataset:sample(count, options) end

---Returns the images first ... last, counted from 1.
---@param first integer first image
---@param last integer last image, included
---@return augq.Dataset
function Dataset:subset(first, last) end

---@class Dataset.normalized.Options
---@field mean? any subtracted from x / 255
---@field std? any divides the difference; with mean
---@field scale? any factor of the stored values (default 1)
---@field shift? any added to them afterwards (default 0)

---Returns the images as (x / 255 - mean) / std, or as x scale + shift, x the stored values; forgets an earlier map.
---@param options Dataset.normalized.Options options
---@return augq.Dataset
function Dataset:normalized(options) end

---Returns all images as one tensor, [N, H, W, C], in 0 ... 1 unless normalised.
---@return augq.Tensor
function Dataset:images() end

---Data sets of labelled images.
augq.data = {}

---@class augq.data.fashion_mnist.Options
---@field folder? string folder with the four IDX files, .gz or plain; else $AUGQ_FASHION_MNIST, else Debian's

---Loads Fashion-MNIST: 60,000 training and 10,000 test images, 28x28 grey.
---@param options? augq.data.fashion_mnist.Options options
---@return { train: augq.Dataset, test: augq.Dataset }
function augq.data.fashion_mnist(options) end

---Loads CIFAR-10 binary batches (.bin or .bin.gz) as one data set, 32x32 RGB.
---@param files string[] paths of the batches, in order
---@return augq.Dataset
function augq.data.cifar10(files) end

---@class augq.data.image_folder.Options
---@field resize? integer length of the shorter side, antialiased
---@field crop? integer height and width of the middle that is kept
---@field classes? integer number of classes; else as the folders show

---Lists a folder with one folder of JPEG and PNG files per class; decodes them when needed.
---@param folder string numbers as names of class folders are the labels, from 0
---@param options? augq.data.image_folder.Options options
---@return augq.Dataset
function augq.data.image_folder(folder, options) end

---@class augq.data.of.Options
---@field classes? integer number of classes; else as the labels show

---Makes a data set of a tensor of images in 0 ... 1, kept as bytes, and their classes.
---@param images augq.Tensor [N, H, W, C]
---@param labels integer[] a class per image, from 0
---@param options? augq.data.of.Options options
---@return augq.Dataset
function augq.data.of(images, labels, options) end

---@class augq.data.raw.Options
---@field shape number[] shape of one row, {H, W, C} or {features}
---@field type "int8"|"uint8"|"float32" type of a value
---@field labels? string file of one byte per row
---@field classes? integer number of classes; else as the labels show
---@field scale? any factor of the stored values (default 1)
---@field shift? any added to them afterwards (default 0)

---Loads a file of rows without a header, plain or .gz; networks read x scale + shift.
---@param file string path
---@param options augq.data.raw.Options options
---@return augq.Dataset
function augq.data.raw(file, options) end

---@class augq.data.stripes.Options
---@field classes? integer directions (default 4)
---@field count? integer training images; a fifth as many test images (default 1000)
---@field noise? number standard deviation of the noise (default 0.1)
---@field seed? integer seed of the draw (default 1)
---@field size? integer height and width (default 16)

---Made-up grey images: stripes whose direction is the class, with noise.
---@param options? augq.data.stripes.Options options
---@return augq.Dataset, augq.Dataset
function augq.data.stripes(options) end

---Architectures by name; each gives a graph.
augq.model = {}

---MLPerf Tiny's anomaly detection network: an autoencoder of linear layers.
---@param options? table options
---@return augq.Graph
function augq.model.autoencoder(options) end

---@class augq.model.cifar_resnet.Options
---@field classes? integer classes (default 10)
---@field depth? integer layers with weights: 6 n + 2 (default 20)

---The CIFAR ResNets with parameter-free shortcuts: 20, 32, 44, 56, 110 layers.
---@param options? augq.model.cifar_resnet.Options options
---@return augq.Graph
function augq.model.cifar_resnet(options) end

---@class augq.model.ds_cnn.Options
---@field classes? integer classes (default 12)

---MLPerf Tiny's keyword spotting network: depthwise separable convolutions.
---@param options? augq.model.ds_cnn.Options options
---@return augq.Graph
function augq.model.ds_cnn(options) end

---@class augq.model.fbnet_c.Options
---@field classes? integer classes (default 1000)

---FBNet-C, as in timm.
---@param options? augq.model.fbnet_c.Options options
---@return augq.Graph
function augq.model.fbnet_c(options) end

---@class augq.model.mnasnet.Options
---@field classes? integer classes (default 1000)
---@field width? number multiplies the channels; 2.0 is BRECQ's (default 1.0)

---MNASNet-B1, as in torchvision.
---@param options? augq.model.mnasnet.Options options
---@return augq.Graph
function augq.model.mnasnet(options) end

---@class augq.model.mobilenet_v1.Options
---@field classes? integer classes (default 1000)
---@field size? integer height and width of the images, a multiple of 32 (default 224)
---@field width? number multiplies the channels (default 1.0)

---MobileNetV1, as in Keras.
---@param options? augq.model.mobilenet_v1.Options options
---@return augq.Graph
function augq.model.mobilenet_v1(options) end

---@class augq.model.mobilenet_v2.Options
---@field classes? integer classes (default 1000)
---@field width? number multiplies the channels (default 1.0)

---MobileNetV2, as in torchvision.
---@param options? augq.model.mobilenet_v2.Options options
---@return augq.Graph
function augq.model.mobilenet_v2(options) end

---@class augq.model.regnet_x.Options
---@field classes? integer classes (default 1000)
---@field size? integer millions of multiplications: 200, 400, 600, 800, 1600 or 3200 (default 600)

---RegNetX, as in pycls.
---@param options? augq.model.regnet_x.Options options
---@return augq.Graph
function augq.model.regnet_x(options) end

---@class augq.model.resnet.Options
---@field classes? integer classes (default 1000)
---@field depth? integer 18, 34, 50, 101 or 152 (default 18)

---ResNet-18, 34, 50, 101 and 152, as in torchvision.
---@param options? augq.model.resnet.Options options
---@return augq.Graph
function augq.model.resnet(options) end

---@class augq.model.resnet8.Options
---@field classes? integer classes (default 10)

---MLPerf Tiny's image classification network: a ResNet with 8 convolutions.
---@param options? augq.model.resnet8.Options options
---@return augq.Graph
function augq.model.resnet8(options) end

---@class augq.model.shufflenet_v1.Options
---@field classes? integer classes (default 1000)
---@field groups? integer groups of the pointwise convolutions: 3 or 8 (default 3)
---@field width? number 0.5, 1.0, 1.5 or 2.0 (default 1.0)

---ShuffleNetV1, as in megvii-model/ShuffleNet-Series.
---@param options? augq.model.shufflenet_v1.Options options
---@return augq.Graph
function augq.model.shufflenet_v1(options) end

---@class augq.model.shufflenet_v2.Options
---@field classes? integer classes (default 1000)
---@field width? number 0.5, 1.0, 1.5 or 2.0 (default 1.0)

---ShuffleNetV2, as in torchvision.
---@param options? augq.model.shufflenet_v2.Options options
---@return augq.Graph
function augq.model.shufflenet_v2(options) end

---@class augq.model.tiny_cnn.Options
---@field channels? integer channels of the images (default 1)
---@field classes? integer classes (default 10)
---@field filters? integer filters of the first convolution; the second has twice as many (default 16)
---@field height? integer height of the images (default 28)
---@field width? integer width of the images (default 28)

---Two convolutions, pooling and a classifier, for trying things out.
---@param options? augq.model.tiny_cnn.Options options
---@return augq.Graph
function augq.model.tiny_cnn(options) end

---@class augq.model.vww_mobilenet_v1.Options
---@field classes? integer classes (default 2)

---MLPerf Tiny's visual wake words network: MobileNetV1 of width 0.25.
---@param options? augq.model.vww_mobilenet_v1.Options options
---@return augq.Graph
function augq.model.vww_mobilenet_v1(options) end

---What a grid looks like.
---@class augq.Granularity
---@field bits integer bits of a code; inside an interval where there are several
local Granularity = {}

---How values are cut into groups and intervals.
augq.granularity = {}

---@class augq.granularity.augq.Options
---@field bits? integer bits inside an interval (default 2)
---@field edges? any inner edges as rising fractions of the range; equal intervals when empty (default a list of 0)
---@field intervals? integer intervals of the range (default 4)
---@field mode? "clamp"|"published" clamp: every value gets a code; published: as the authors' code, values at or beyond the edges stay FP32 (default "clamp")
---@field group? any which values share a range (default "tensor")
---@field symmetric? boolean whether the zero point is in the middle (default false)
---@field observer? any how the range is found: minmax, percentile, mse, lp (the paper's search with p = 2.4), or a plugin (default "mse", in mode published "lp")
---@field power? number exponent of the lp search (default 2.4)
---@field candidates? integer ranges tried by the lp and mse searches (default 80)
---@field percentile? number share of the values kept by the percentile observer (default 99.9)
---@field rounding? "nearest"|"stochastic" how values between levels are rounded (default "nearest")
---@field seed? integer seed of stochastic rounding (default 1)

---AuGQ (Mujtaba et al. 2025): K uniform intervals, each quantized affinely with the given bits.
---@param options? augq.granularity.augq.Options options
---@return augq.Granularity
function augq.granularity.augq(options) end

---@class augq.granularity.block_interval.Options
---@field bits? integer bits inside an interval (default 4)
---@field block? integer weights that share an index (default 8)
---@field intervals? integer sub-ranges (default 4)
---@field ratio? number ratio of neighbouring sub-ranges (default 1.6)
---@field group? any which values share a range (default "tensor")
---@field symmetric? boolean whether the zero point is in the middle (default false)
---@field observer? any how the range is found: minmax, percentile, mse, lp (the paper's search with p = 2.4), or a plugin (default "mse", in mode published "lp")
---@field power? number exponent of the lp search (default 2.4)
---@field candidates? integer ranges tried by the lp and mse searches (default 80)
---@field percentile? number share of the values kept by the percentile observer (default 99.9)
---@field rounding? "nearest"|"stochastic" how values between levels are rounded (default "nearest")
---@field seed? integer seed of stochastic rounding (default 1)

---Each block picks one of K sub-ranges (scales s, s/r, …) by least error, and stores its index.
---@param options? augq.granularity.block_interval.Options options
---@return augq.Granularity
function augq.granularity.block_interval(options) end

---@class augq.granularity.pwlq.Options
---@field bits? integer bits inside an interval (default 3)
---@field breakpoint? number breakpoint as a share of the largest magnitude; 0: the best for normal values (default 0.0)
---@field group? any which values share a range (default "tensor")
---@field symmetric? boolean whether the zero point is in the middle (default false)
---@field observer? any how the range is found: minmax, percentile, mse, lp (the paper's search with p = 2.4), or a plugin (default "mse", in mode published "lp")
---@field power? number exponent of the lp search (default 2.4)
---@field candidates? integer ranges tried by the lp and mse searches (default 80)
---@field percentile? number share of the values kept by the percentile observer (default 99.9)
---@field rounding? "nearest"|"stochastic" how values between levels are rounded (default "nearest")
---@field seed? integer seed of stochastic rounding (default 1)

---PWLQ (Fang et al. 2020): three intervals, a dense middle between two sparse tails.
---@param options? augq.granularity.pwlq.Options options
---@return augq.Granularity
function augq.granularity.pwlq(options) end

---@class augq.granularity.uniform.Options
---@field bits? integer bits of a code (default 4)
---@field group? any which values share a range (default "tensor")
---@field symmetric? boolean whether the zero point is in the middle (default false)
---@field observer? any how the range is found: minmax, percentile, mse, lp (the paper's search with p = 2.4), or a plugin (default "mse", in mode published "lp")
---@field power? number exponent of the lp search (default 2.4)
---@field candidates? integer ranges tried by the lp and mse searches (default 80)
---@field percentile? number share of the values kept by the percentile observer (default 99.9)
---@field rounding? "nearest"|"stochastic" how values between levels are rounded (default "nearest")
---@field seed? integer seed of stochastic rounding (default 1)

---One uniform affine grid.
---@param options? augq.granularity.uniform.Options options
---@return augq.Granularity
function augq.granularity.uniform(options) end

---What a codebook looks like.
---@class augq.Codebook
local Codebook = {}

---Sorted levels, at most 256 per group; each value takes the nearest.
augq.codebook = {}

---@class augq.codebook.levels.Options
---@field group? any which values share the levels (default "tensor")

---Given levels in -1 ... 1, scaled to each group's largest magnitude.
---@param levels number[] rising levels
---@param options? augq.codebook.levels.Options options
---@return augq.Codebook
function augq.codebook.levels(levels, options) end

---@class augq.codebook.power_of_two.Options
---@field bits? integer 2^bits levels (default 4)
---@field group? any which values share the levels (default "tensor")

---Zero and signed powers of two.
---@param options? augq.codebook.power_of_two.Options options
---@return augq.Codebook
function augq.codebook.power_of_two(options) end

---@class augq.codebook.kmeans.Options
---@field bits? integer 2^bits levels (default 4)
---@field group? any which values share the levels (default "tensor")
---@field iterations? integer rounds of Lloyd's algorithm (default 50)

---Levels fitted by Lloyd's algorithm.
---@param options? augq.codebook.kmeans.Options options
---@return augq.Codebook
function augq.codebook.kmeans(options) end

---@class augq.codebook.apot.Options
---@field bits? integer bits of a code, sign included; an odd one gives one power more to choose from (default 4)
---@field group? any which values share the levels (default "tensor")

---APoT (Li et al. 2020): signed sums of two powers of two.
---@param options? augq.codebook.apot.Options options
---@return augq.Codebook
function augq.codebook.apot(options) end

---@class augq.codebook.binary.Options
---@field bits? integer bits of a code (default 1)
---@field group? any which values share the levels (default "tensor")

---Binary (Rastegari et al. 2016): minus and plus the mean magnitude.
---@param options? augq.codebook.binary.Options options
---@return augq.Codebook
function augq.codebook.binary(options) end

---@class augq.codebook.nf4.Options
---@field bits? integer 2^bits levels (default 4)
---@field group? any which values share the levels (default "tensor")

---NF4 (Dettmers et al. 2023): 16 quantiles of a normal distribution.
---@param options? augq.codebook.nf4.Options options
---@return augq.Codebook
function augq.codebook.nf4(options) end

---@class augq.codebook.ternary.Options
---@field bits? integer bits of a code (default 2)
---@field group? any which values share the levels (default "tensor")

---Ternary (Li et al. 2016): -a, 0 and a.
---@param options? augq.codebook.ternary.Options options
---@return augq.Codebook
function augq.codebook.ternary(options) end

---FP32 networks made easier to quantize; their outputs stay the same.
augq.transform = {}

---@class augq.transform.equalize.Options
---@field iterations? integer passes over the pairs, at most (default 100)
---@field replace_relu6? boolean make every ReLU6 a ReLU first, so that channels can be scaled across it; outputs change where 6 was reached (default false)

---Gives each channel the same range in the layer that makes it and in the one that reads it.
---@param model augq.Model an FP32 network
---@param options? augq.transform.equalize.Options options
---@return augq.Model, integer
function augq.transform.equalize(model, options) end

---@class augq.transform.factorize.Options
---@field replace_relu6? boolean make every ReLU6 a ReLU first, so that channels can be scaled across it; outputs change where 6 was reached (default false)

---Gives every channel of a layer the range of its largest one; the next layer makes up for it.
---@param model augq.Model an FP32 network
---@param options? augq.transform.factorize.Options options
---@return augq.Model, integer
function augq.transform.factorize(model, options) end

---@class augq.transform.absorb_bias.Options
---@field calibration? augq.Dataset images that show what the layers read
---@field deviations? number standard deviations below a channel's mean that stay with it (default 3)
---@field batch? integer images per forward pass (default 32)

---Moves the part of biases that ReLU never cuts to the next layer, which shrinks activations.
---@param model augq.Model an FP32 network
---@param options augq.transform.absorb_bias.Options options
---@return augq.Model, integer
function augq.transform.absorb_bias(model, options) end

---@class augq.transform.split_channels.Options
---@field ratio? number share of a layer's input channels, rounded up (default 0.02)
---@field bits? integer bits of the weights' grid: halves then round to the rounded whole; even halves when absent

---Doubles the input channels of the largest weights and halves those weights.
---@param model augq.Model an FP32 network
---@param options? augq.transform.split_channels.Options options
---@return augq.Model, integer
function augq.transform.split_channels(model, options) end

---@class augq.transform.dfq.Options
---@field iterations? integer passes over the pairs, at most (default 100)

---DFQ's preparation (Nagel et al. 2019): cross-layer equalization after folding batch norms.
---@param model augq.Model an FP32 network
---@param options? augq.transform.dfq.Options options
---@return augq.Model, integer
function augq.transform.dfq(model, options) end

---A picture of numbers.
---@class augq.Figure
---@field title string what stands above it
local Figure = {}

---Returns the picture as an SVG file.
---@return string
function Figure:svg() end

---Returns the picture for a terminal.
---@param width? integer columns, 40 to 400; 78 when absent
---@return string
function Figure:text(width) end

---Writes the picture: as SVG, as text when the path ends in .txt, as JSON when it ends in .json.
---@param path string the file
function Figure:save(path) end

---Keeps the picture with this run, for `augq report` and `augq plot`.
---@param name? string its name; the title when absent
function Figure:keep(name) end

---Pictures of weights, activations and results, for reports, files and terminals.
augq.figure = {}

---@class augq.figure.weights.Options
---@field group? integer which channel or block (default 1)
---@field bins? integer how many bars (default 120)
---@field log? boolean bars as high as the logarithm of the count (default false)
---@field title? string what stands above it

---A histogram of the weights of a group with the edges and the levels of its grid.
---@param network augq.Quantized before rounding, so that values lie between the levels
---@param key string parameter key, such as stem.weight
---@param options? augq.figure.weights.Options options
---@return augq.Figure
function augq.figure.weights(network, key, options) end

---@class augq.figure.activations.Options
---@field calibration augq.Dataset images that are looked at
---@field bins? integer how many bars (default 120)
---@field log? boolean bars as high as the logarithm of the count (default false)
---@field title? string what stands above it

---A histogram of a node's FP32 outputs over images, with the edges and the levels of its grid.
---@param network augq.Quantized whose activations have grids
---@param node string the node's name, such as block1.pw_relu
---@param options augq.figure.activations.Options options
---@return augq.Figure
function augq.figure.activations(network, node, options) end

---@class augq.figure.ranges.Options
---@field title? string what stands above it

---A strip for each channel: least and largest weight, middle half, ends of the grid.
---@param network augq.Quantized before rounding, so that values lie between the levels
---@param key string parameter key, such as stem.weight
---@param options? augq.figure.ranges.Options options
---@return augq.Figure
function augq.figure.ranges(network, key, options) end

---@class augq.figure.histogram.Options
---@field edges? number[] where dashed lines stand
---@field levels? number[] where strokes stand
---@field x? string what the values are (default "value")
---@field bins? integer how many bars (default 120)
---@field log? boolean bars as high as the logarithm of the count (default false)
---@field title? string what stands above it

---A histogram of the values of a tensor.
---@param tensor augq.Tensor values; those that are not finite are left out
---@param options? augq.figure.histogram.Options options
---@return augq.Figure
function augq.figure.histogram(tensor, options) end

---@class augq.figure.bars.Options
---@field kinds? any names of the kinds, at most 8
---@field x? string what the numbers are (default "value")
---@field title? string what stands above it

---Numbers by name as bars, several kinds beside each other.
---@param rows table[] { name, value } or { name, value of kind 1, value of kind 2, … }, from the top
---@param options? augq.figure.bars.Options options
---@return augq.Figure
function augq.figure.bars(rows, options) end

---@class augq.figure.lines.Options
---@field x? string name of the horizontal axis (default "x")
---@field y? string name of the upright axis (default "y")
---@field log? boolean x by its logarithm (default false)
---@field points? boolean points that are not joined (default false)
---@field title? string what stands above it

---Curves over two axes.
---@param series table[] { name = …, x = { … }, y = { … }, spread = { … } or nothing } per curve
---@param options? augq.figure.lines.Options options
---@return augq.Figure
function augq.figure.lines(series, options) end

---Rules that move parameters against their gradients.
augq.optimizer = {}

---@class augq.optimizer.sgd.Options
---@field learning_rate number before the schedule
---@field momentum? number share of the velocity kept (default 0.9)
---@field nesterov? boolean whether the gradient looks ahead along the velocity (default false)
---@field weight_decay? number pull of weights towards zero (default 0)

---Stochastic gradient descent with momentum.
---@param options augq.optimizer.sgd.Options options
---@return augq.Optimizer
function augq.optimizer.sgd(options) end

---@class augq.optimizer.adam.Options
---@field learning_rate? number before the schedule (default 0.001)
---@field weight_decay? number pull of weights towards zero (default 0)

---Adam.
---@param options? augq.optimizer.adam.Options options
---@return augq.Optimizer
function augq.optimizer.adam(options) end

---What the learning rate is multiplied by as training goes on.
augq.schedule = {}

---@class augq.schedule.cosine.Options
---@field warmup_epochs? number epochs in which the rate rises from 0 (default 0)

---From 1 to 0 along half a cosine.
---@param options? augq.schedule.cosine.Options options
---@return augq.Schedule
function augq.schedule.cosine(options) end

---@class augq.schedule.step.Options
---@field epochs number[] when, counted from 0
---@field factor? number by what (default 0.1)
---@field warmup_epochs? number epochs in which the rate rises from 0 (default 0)

---Multiplied by a factor at given epochs.
---@param options augq.schedule.step.Options options
---@return augq.Schedule
function augq.schedule.step(options) end

return augq
