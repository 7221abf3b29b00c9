import Bindings
import LuaRuntime
import TestSupport
import Testing

/// What scripts read about arguments and options that make no sense.
@Suite struct ArgumentMessageTests {
  static let setup = """
    local augq = require "augq"
    local function network()
      local g = augq.graph { 4, 4, 1 }
      g:linear(g:flatten(g:conv2d(g.input, { name = "conv", filters = 2, kernel = 3 })), { features = 3 })
      return augq.build(g)
    end
    local images = augq.data.of(augq.tensor.zeros { 2, 4, 4, 1 }, { 0, 1 }, { classes = 3 })
    local function fit(options)
      options.data, options.optimizer = images, augq.optimizer.sgd { learning_rate = 0.1 }
      return options
    end
    local function tune(options)
      options.calibration = images
      return options
    end
    local function quantized()
      return augq.quantize(network(), { weights = augq.granularity.uniform { bits = 4 }, calibration = images })
    end
    local layers = { { key = 'a', count = 80, bits = { 2, 4 }, loss = { 3, 1 } } }
    local function memory(alive) return { { node = 'n', alive = alive } } end

    """

  static let mistakes: [(script: String, message: String)] = [
    (
      "augq.data.of(augq.tensor.zeros { 2, 2 }, { 0, 1 })",
      "images are 2x2 with 2 labels of 2 classes; expected [N, H, W, C], N labels and each in 0 ... classes - 1, classes at most 256"
    ),
    (
      "augq.data.of(augq.tensor.full({ 1, 1, 1, 1 }, 2), { 0 })",
      "value 2.0 at index 1 is outside 0 ... 1; scale or clamp the images"
    ),
    (
      "augq.granularity.uniform { group = 0 }",
      "augq.granularity.uniform: option 'group' is 0; expected \"tensor\", \"channel\" or a block size of at least 1"
    ),
    ("augq.graph({ 4 }).name = 1", "only the field 'output' of an augq.Graph can be assigned"),
    ("augq.graph({ 4 }):relu()", "augq.Graph:relu: argument 1 (x1) is nil; expected an augq.Node"),
    ("local g = augq.graph { 4 } g:node 'x'", "the graph has no node 'x'. Known are input."),
    (
      "augq.load('x.onnx', { weights = 'y' })",
      "an ONNX file holds weights and architecture itself; leave the option 'weights' out"
    ),
    (
      "augq.evaluate(3)",
      "augq.evaluate: argument 1 (network) is 3; expected an augq.Model, augq.Quantized or augq.Engine"
    ),
    (
      "augq.train(3, { data = images, optimizer = augq.optimizer.sgd { learning_rate = 1 } })",
      "augq.train: argument 1 (network) is 3; expected an augq.Model or augq.Quantized"
    ),
    (
      "augq.quantize(network(), { layers = 3 })",
      "augq.quantize: option 'layers' is 3; expected { [\"stem.weight\"] = granularity, … }"
    ),
    (
      "augq.quantize(network(), { layers = { conv = 3 } })",
      "augq.quantize: option 'layers' has 3 for 'conv'; expected a granularity or a codebook"
    ),
    (
      "augq.reconstruct(quantized(), { calibration = images:sample(0) })",
      "option 'calibration' of augq.reconstruct needs at least 1 image, but the data set is empty. "
        + "Pass a data set with images."
    ),
    (
      "augq.reconstruct(quantized(), tune { method = 3 })",
      "augq.reconstruct: option 'method' is 3; expected a name or a table { units = …, stages = { … } }"
    ),
    (
      "augq.reconstruct(augq.round(quantized(), tune {}), tune {})",
      "the network's weights are on their levels already, which leaves no rounding to learn; give the "
        + "option 'reference', the FP32 network"
    ),
    (
      "augq.reconstruct(quantized(), tune { widths = { 3 } })",
      "augq.reconstruct: option 'widths' holds 3; expected a list of augq.Quantized"
    ),
    (
      "augq.reconstruct(quantized(), tune { units = 3 })",
      "units are 3; expected a list of { name = …, entry = …, exit = … }"
    ),
    (
      "augq.reconstruct(quantized(), tune { units = { 3 } })",
      "a unit is 3; expected { name = …, entry = …, exit = … }"
    ),
    (
      "augq.reconstruct(quantized(), tune { method = { stages = {} } })",
      "a method is a table { units = …, stages = { … } } with at least 1 stage"
    ),
    (
      "augq.reconstruct(quantized(), tune { method = { stages = { 3 } } })",
      "a stage is 3; expected a table such as { rounding = \"adaround\" }"
    ),
    (
      "augq.reconstruct(quantized(), tune { beta = { 2, 20 } })",
      "augq.reconstruct: option 'beta' is { 2.0, 20.0 }; expected { first, last }, the first not less"
    ),
    (
      "augq.params(3)",
      "the parameters are 3; expected a table of names with { default, \"summary\" } each"
    ),
    (
      "augq.params { n = 3 }",
      "parameter 'n' is 3; expected { default, \"summary\" }, { default, \"summary\", low, high } or { default, \"summary\", { \"name\", … } }"
    ),
    (
      "augq.table({ { 'a', 'text' } }):add(3)",
      "augq.Table:add: argument 1 (row) is 3; expected a table of values by column"
    ),
    (
      "augq.table({ { 'a', 'text' } }):add { b = 1 }",
      "the table has no column 'b'. Did you mean 'a'?"
    ),
    (
      "augq.tensor.zeros({ 2 }):clamp(2, 1)",
      "the bounds are 2.0 ... 1.0; give the lower one first"
    ),
    (
      "augq.tensor.zeros({ 2 }):bucketize { 2, 1 }",
      "augq.Tensor:bucketize: argument 1 (edges) is a list of 2; expected a rising list of numbers"
    ),
    (
      "augq.tensor.full({ 2 }, 0.5):take { 1, 2 }",
      "the tensor holds 0.5; take needs whole numbers in 0 ... 1"
    ),
    (
      "augq.tensor.zeros({ 0, 2 }):rows(1, 1)",
      "a tensor 0x2 has no rows; give one with values"
    ),
    (
      "augq.tensor.zeros({ 2 }):quantile(2)",
      "augq.Tensor:quantile: argument 1 (share) is 2; expected a number in 0 ... 1"
    ),
    (
      "augq.tensor.zeros({ 2 }):less(augq.tensor.zeros { 3 })",
      "shapes 2 and 3 differ; give equal ones or a number"
    ),
    (
      "augq.tensor.zeros { -1 }",
      "augq.tensor.zeros: argument 1 (shape) is a list of 1; expected a list of extents of at least 0"
    ),
    (
      "augq.tensor.zeros { 'a' }",
      "augq.tensor.zeros: argument 1 (shape) is a list of 1; expected a list of integers"
    ),
    ("augq.tensor.of({ 1 }, 3)", "augq.tensor.of: argument 2 (values) is 3; expected a list of numbers"),
    ("augq.tensor.zeros({ 2 }):reshape { 3 }", "a tensor 2 has 2 values; 3 needs 3"),
    ("local _ = augq.tensor.zeros({ 2 })[3]", "index 3 is outside 1 ... 2"),
    (
      "augq.train(network(), { data = images })",
      "augq.train: option 'optimizer' is missing: augq.optimizer.sgd{…} or adam{…}"
    ),
    (
      "augq.train(network(), fit { augment = 3 })",
      "augq.train: option 'augment' is 3; expected { crop = pixels, flip = boolean }"
    ),
    (
      "augq.train(network(), fit { augment = { crp = 1 } })",
      "augq.train: option 'augment' has no key 'crp'. Did you mean 'crop'?"
    ),
    (
      "augq.train(network(), fit { augment = { crop = -1 } })",
      "augq.train: option 'augment' has crop -1 and flip false; expected pixels in 0 ... 4096 and true or false"
    ),
    ("augq.allocate({}, {})", "augq.allocate: argument 1 (layers) is a list of 0; expected a list of layers"),
    (
      "augq.allocate({ 3 }, { allocator = 'uniform' })",
      "a layer is 3; expected { key = \"…\", count = …, bits = { … }, loss = { … } } with one finite loss for each width"
    ),
    (
      "augq.allocate({ { key = 'a', count = 1, bits = { 2 }, loss = { 1 } } }, {})",
      "augq.allocate: option 'allocator' is missing. Known are greedy, integer_program, memory_driven, pareto, uniform."
    ),
    (
      "augq.allocate(layers, { allocator = 'pareto', mean_bits = 1.5 })",
      "the narrowest widths take 20 bytes, 2.000 bits per weight; the budget is 15 bytes. Give more bytes or bits."
    ),
    (
      "augq.allocate(layers, { allocator = 'integer_program', max_loss = 0.5 })",
      "the losses are at least 1 in sum; max_loss is 0.5. Give more, or wider widths."
    ),
    (
      "augq.allocate(layers, { allocator = 'memory_driven', flash = 19 })",
      "the weights take 20 bytes at their narrowest; there are 19 of flash. Give more, or narrower widths."
    ),
    (
      "augq.allocate(layers, { allocator = 'memory_driven', ram = 9 }, memory { { key = 'x', count = 40 } })",
      "step 'n' needs 10 bytes of RAM with 2-bit activations; there are 9. Give more RAM."
    ),
    (
      "augq.allocate(layers, { allocator = 'greedy' }, memory { { key = 'x' } })",
      "augq.allocate: argument 3 (memory) is a list of 1; expected a list of { node = …, alive = { { key = …, count = … }, … } }, "
        + "as quantized:memory() returns"
    ),
    (
      "augq.next_trials({}, { scheduler = 'halving' })",
      "augq.next_trials: argument 1 (trials) is a list of 0; expected a list of trials"
    ),
    (
      "augq.quantize(network(), { weights = augq.granularity.uniform { bits = 4 }, nodes = { conv = 3 } })",
      "augq.quantize: option 'nodes' has 3 for 'conv'; expected a granularity"
    ),
    (
      "augq.quantize(network(), { weights = augq.granularity.uniform { bits = 4 }, nodes = { conv = augq.granularity.uniform {} } })",
      "the option nodes has 'conv', but activations are not quantized; give the option activations"
    ),
    (
      "augq.quantize(network(), { activations = augq.granularity.uniform {}, calibration = images, nodes = { cnv = augq.granularity.uniform {} } })",
      "there is no activation 'cnv'; there are input, conv"
    ),
    (
      "augq.figure.weights(quantized(), 'conv.wight')",
      "no weight 'conv.wight' has a grid. Did you mean 'conv.weight'?"
    ),
    (
      "augq.figure.weights(quantized(), 'conv.weight', { group = 9 })",
      "augq.figure.weights: option 'group' is 9; 'conv.weight' has 2 groups"
    ),
    (
      "augq.figure.activations(quantized(), 'conv', { calibration = images })",
      "no activation of the network has a grid"
    ),
    (
      "augq.figure.bars({ { 'a', 1, 2 } })",
      "augq.figure.bars: argument 1 (rows) is a list of 1; expected a list of { name, number, … } with as many numbers as 'kinds' has texts"
    ),
    (
      "local rows = {} for i = 1, 501 do rows[i] = { 'a', 1 } end augq.figure.bars(rows)",
      "augq.figure.bars: argument 1 (rows) is a list of 501; expected a list of { name, number, … } with as many numbers as 'kinds' has "
        + "texts, at most 500"
    ),
    (
      "augq.figure.bars({ { 'a', 1 } }, { kinds = 3 })",
      "augq.figure.bars: option 'kinds' is 3; expected a list of 1 to 8 texts"
    ),
    (
      "augq.figure.lines { { name = 'a', x = { 1, 2 }, y = { 1 } } }",
      "augq.figure.lines: argument 1 (series) is a list of 1; expected a list of { name = …, x = { … }, y = { … } } with equally many "
        + "finite numbers"
    ),
    (
      "augq.figure.bars({ { 'a', 1 } }):text(20)",
      "augq.Figure:text: argument 1 (width) is 20; expected 40 to 400 columns"
    ),
    (
      "augq.figure.bars({ { 'a', 1 } }):keep('../x')",
      "augq.Figure:keep: argument 1 (name) is a string \"../x\"; expected a name of at most 200 bytes without '..' and without empty parts"
    ),
    ("augq.runs { folder = 'no/such/folder' }", "cannot read no/such/folder/runs.sqlite. Check the path."),
    (
      "augq.allocate({ { key = 'a', count = 1, bits = { 2 }, loss = { 1 } } }, { allocator = 3 })",
      "augq.allocate: option 'allocator' is 3; expected a name"
    ),
    (
      "augq.granularity.uniform { observer = 3 }",
      "augq.granularity.uniform: option 'observer' is 3; expected a name, or { \"name\", key = value, … }"
    ),
    (
      "augq.export(network(), 'out.h', { format = 'c_header', name = '9' })",
      "option 'name' is \"9\"; expected a C identifier"
    ),
    ("augq.model.mobilenet_v1 { size = 33 }", "option 'size' is 33; expected a multiple of 32"),
  ]

  @Test(arguments: mistakes.indices) func argumentsThatMakeNoSenseAreExplained(_ index: Int) throws {
    let row = Self.mistakes[index]
    let lua = try LuaState()
    lua.register(
      Library.module(
        Session(scriptPath: "recipe.lua", arguments: [], threads: 1, pluginFolders: [PluginTests.folder])))

    let error = #expect(throws: LuaError.self) {
      try lua.run(Self.setup + row.script, name: "@recipe.lua")
    }

    let place = "recipe.lua:\(Self.setup.split(separator: "\n", omittingEmptySubsequences: false).count): "
    let message = error?.message ?? ""
    #expect((message.hasPrefix(place) ? String(message.dropFirst(place.count)) : message) == row.message)
  }

  @Test func expressionsThatAreNoGridAreExplained() throws {
    let lua = try LuaState()
    lua.register(Library.module(Session(scriptPath: "recipe.lua", arguments: [])))

    let error = #expect(throws: LuaUsageError.self) { try Library.gridRecipe("3", lua) }

    #expect(error?.description == "3 gives 3; expected a granularity or a codebook")
  }
}
