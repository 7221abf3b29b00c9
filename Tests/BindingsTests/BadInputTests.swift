import Bindings
import LuaRuntime
import Tensors
import Testing

/// A recipe's mistake and the whole text of its error.
struct Mistake: Sendable, CustomStringConvertible {
  let script: String
  let message: String
  var description: String { script }
}

@Suite struct BadInputTests {
  static let setup = """
    local augq = require "augq"
    local function network()
      local g = augq.graph { 4, 4, 1 }
      local x = g:conv2d(g.input, { name = "conv", filters = 2, kernel = 3 })
      g:linear(g:flatten(g:relu(x)), { name = "head", features = 3 })
      return augq.build(g)
    end

    """

  static let mistakes = [
    Mistake(
      script: "augq.granularity.augq { bits = 0 }",
      message: "augq.granularity.augq: option 'bits' is 0; expected an integer in 1 ... 8"),
    Mistake(
      script: "augq.granularity.augq { bits = 9 }",
      message: "augq.granularity.augq: option 'bits' is 9; expected an integer in 1 ... 8"),
    Mistake(
      script: "augq.granularity.augq { bits = 8, intervals = 4 }",
      message:
        "4 intervals of 8 bits make 1021 levels and a code holds at most 256; use fewer bits or fewer intervals"
    ),
    Mistake(
      script: "augq.granularity.augq { bits = 2, interval = 4 }",
      message: "augq.granularity.augq: option 'interval' is unknown. Did you mean 'intervals'?"),
    Mistake(
      script: "local g = augq.graph { 4 } g:conv2d(g.input, { filters = 1, kernel = 1 })",
      message: "reads images HxWxC, but the input is 4. Put it before flatten."),
    Mistake(
      script: "local g = augq.graph { 4, 4, 1 } g:conv2d(g.input, { filters = 1, kernel = 9 })",
      message:
        "node 'conv2d1' (conv2d): a kernel that reaches over 9x9 values does not fit the padded input 4x4. "
        + "Pad more or take a smaller kernel."),
    Mistake(
      script: "local g = augq.graph { 4, 4, 1 } g:conv3d(g.input)",
      message: "augq.Graph has no field 'conv3d'. Did you mean 'conv2d'?"),
    Mistake(
      script:
        "local g = augq.graph { 4, 4, 1 } g:relu(g.input, { name = 'a' }) g:relu(g.input, { name = 'a' })",
      message: "the graph already has a node named 'a'. Give the new node another name."),
    Mistake(
      script: "local g, h = augq.graph { 4 }, augq.graph { 4 } g:relu(h.input)",
      message: "augq.Graph:relu: argument 1 is a node of another graph"),
    Mistake(
      script: "augq.quantize(network(), { activations = augq.granularity.uniform { bits = 8 } })",
      message:
        "option 'calibration', which fits the activations, needs at least 1 image, but the data set is empty. "
        + "Pass a data set with images."),
    Mistake(
      script: "augq.round(augq.quantize(network(), { weights = augq.granularity.uniform { bits = 4 } }), {})",
      message:
        "option 'calibration' of augq.round needs at least 1 image, but the data set is empty. "
        + "Pass a data set with images."),
    Mistake(
      script: "augq.round(augq.quantize(network(), {}), { method = 'open' })",
      message: "there is no rounding 'open'. Known are bit_split, closed, dithered, error_diffusion, nearest."
    ),
    Mistake(
      script: "augq.correct_bias(augq.quantize(network(), {}), { method = 'batch_norm' })",
      message:
        "method batch_norm needs the option 'reference', the network with its batch norms"),
    Mistake(
      script: "augq.transform.split_channels(network(), { ratio = 2 })",
      message: "augq.transform.split_channels: option 'ratio' is 2; expected a number in 0.0001 ... 1.0"),
    Mistake(
      script: "augq.quantize(network(), { weights = 4 })",
      message: "augq.quantize: option 'weights' is 4; expected an augq.Granularity or augq.Codebook"),
    Mistake(
      script: "network():forward(augq.tensor.zeros { 1, 5, 5, 1 })",
      message: "the input is 1x5x5x1, but the network reads batches of 4x4x1"),
    Mistake(
      script: "network():parameter 'conv.wieght'",
      message: "the model has no parameter 'conv.wieght'. Did you mean 'conv.weight'?"),
    Mistake(
      script:
        "augq.fake_quantize(augq.tensor.of({ 3 }, { 1, 0 / 0, 2 }), augq.granularity.uniform { bits = 4 })",
      message:
        "1 of 3 values are NaN or infinite, the first at index 1; check the weights or the calibration images"
    ),
    Mistake(
      script: "augq.tensor.of({ 2 }, { 1 })", message: "a tensor 2 needs 2 values, but 1 are given"),
    Mistake(
      script: "augq.tensor.zeros { 1 << 20, 1 << 20 }",
      message: "a tensor 1048576x1048576 is larger than 2^33 values. Make it smaller."),
    Mistake(
      script: "local _ = augq.tensor.zeros { 2 } + augq.tensor.zeros { 3 }",
      message: "shapes 2 and 3 differ; '+' needs equal ones or a number"),
    Mistake(
      script: "augq.params { n = { 3, 'a number', 5, 1 } }",
      message: "the bounds of parameter 'n' are 5, 1; expected two numbers, low before high"),
    Mistake(
      script: "augq.params { n = { 3, 'a number', 0 / 0, 1 } }",
      message: "the bounds of parameter 'n' are -nan, 1; expected two numbers, low before high"),
    Mistake(
      script: "augq.table({ { '1', 'text' } }):add { 'x', ['1'] = 'y' }",
      message: "the row has two values for the column '1'. Give one."),
    Mistake(
      script: "local g, h = augq.graph { 4 }, augq.graph { 4 } g.output = h:relu(h.input)",
      message: "the output must be a node of the same graph, not of another one"),
    Mistake(
      script: "augq.graph { 1 << 62, 1 << 62, 4 }",
      message: "4611686018427387904x4611686018427387904x4 is more than 1073741824 values for one image. "
        + "Make the extents smaller."),
    Mistake(
      script: "local g = augq.graph { 4, 4, 1 } g:pad(g.input, { padding = 1 << 20 })",
      message:
        "node 'pad1' (pad): 2097156x2097156x1 is more than 1073741824 values for one image. "
        + "Make the extents smaller."),
    Mistake(
      script: "local g = augq.graph { 1 << 20 } g:linear(g.input, { features = 1 << 20 })",
      message: "node 'linear1' (linear): 1048576x1048576 is more than 1073741824 values for weight. "
        + "Make the extents smaller."),
    Mistake(
      script:
        "local g = augq.graph { 1, 1, 1024 } g:conv2d(g.input, { filters = 1024, kernel = 1 << 20, padding = 1 << 20 })",
      message: "weights of 1024x1048576x1048576x1024 are more than 1073741824 values. "
        + "Take fewer filters or a smaller kernel."),
    Mistake(
      script: "augq.tensor.zeros { 0, 1 << 62, 4 }",
      message: "a tensor 0x4611686018427387904x4 is larger than 2^33 values. Make it smaller."),
    Mistake(
      script: "augq.table { { 'a', 'colour' } }",
      message:
        "augq.table: argument 1 (columns) is a list of 1; expected a list of { name, format } with a format of "
        + "text, integer, bytes, number, percent, bits"),
    Mistake(
      script: "augq.data.raw('Scripts/first.lua', { shape = { 1, 0 }, type = 'uint8' })",
      message:
        "augq.data.raw: option 'shape' is a list of 2; expected a list of extents of at least 1, "
        + "below 2^31 values together"
    ),
    Mistake(
      script: "augq.data.raw('Scripts/first.lua', { shape = { 1 }, type = 'int4' })",
      message:
        "augq.data.raw: option 'type' is a string \"int4\"; expected one of \"int8\", \"uint8\", \"float32\""),
    Mistake(
      script:
        "augq.data.raw('Scripts/first.lua', { shape = { 1 }, type = 'uint8' }):normalized { mean = 0.5 }",
      message: "augq.Dataset:normalized: options must be mean and std, or scale and shift"),
    Mistake(
      script:
        "augq.data.raw('Scripts/first.lua', { shape = { 1 }, type = 'uint8' }):normalized { mean = 0, std = { 1, 2 } }",
      message: "2 channels are normalised, but images 1 have 1. Give one number, or 1."),
    Mistake(
      script:
        "augq.data.raw('Scripts/first.lua', { shape = { 1 }, type = 'uint8' }):normalized { scale = { 'a' } }",
      message:
        "augq.Dataset:normalized: option 'scale' is a list of 1; expected a number, or a list of one per channel"
    ),
    Mistake(
      script:
        "augq.evaluate(network(), augq.data.raw('Scripts/first.lua', { shape = { 1 }, type = 'uint8' }))",
      message:
        "evaluation needs labels, but the data set has none. Give the option 'labels' where it is loaded."),
    Mistake(
      script: "augq.data.image_folder('no/such/folder')",
      message: "cannot read no/such/folder: No such file or directory. Check the path of the folder."),
  ]

  @Test(arguments: mistakes)
  func mistakesAreExplained(_ mistake: Mistake) throws {
    let lua = try LuaState()
    lua.register(Library.module(Session(scriptPath: "recipe.lua", arguments: [], threads: 1)))

    do {
      try lua.run(Self.setup + mistake.script, name: "@recipe.lua")
      Issue.record("no error")
    } catch let error as LuaError {
      #expect(error.message == "recipe.lua:8: " + mistake.message)
    }
  }

  @Test func tensorsComputeLikeArithmetic() throws {
    let lua = try LuaState()
    lua.register(Library.module(Session(scriptPath: "recipe.lua", arguments: [], threads: 1)))

    try lua.run(
      """
      local augq = require "augq"
      local a, b = augq.tensor.of({ 2, 2 }, { 1, 2, 3, 4 }), augq.tensor.full({ 2, 2 }, 2)
      local function same(t, values) for i, v in ipairs(values) do assert(t[i] == v, tostring(t)) end end
      same(a + b, { 3, 4, 5, 6 }) same(a - b, { -1, 0, 1, 2 }) same(a * b, { 2, 4, 6, 8 }) same(a / b, { .5, 1, 1.5, 2 })
      same(a + 1, { 2, 3, 4, 5 }) same(1 - a, { 0, -1, -2, -3 }) same(6 / b, { 3, 3, 3, 3 }) same(-a, { -1, -2, -3, -4 })
      assert(#a == 4 and a == a:reshape { 4 }:reshape { 2, 2 } and a ~= b and a:sum() == 10 and a:max() == 4)
      assert(tostring(a) == "Tensor 2x2 {1.0, 2.0, 3.0, 4.0}")
      """, name: "@recipe.lua")
  }
}
