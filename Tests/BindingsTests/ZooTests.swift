import Bindings
import LuaRuntime
import TestSupport
import Testing

/// A network of `Plugins/model` with the number of trainable values that was published for it.
struct ZooNetwork: Sendable, CustomStringConvertible {
  let file: String
  var options = ""
  let count: Int
  /// Where the number stands.
  let source: String
  var description: String { "\(file) { \(options) }" }

  /// torchvision's documentation states `num_params` of every set of weights.
  static let torchvision = "torchvision 0.29 documentation"

  static let all = [
    // He et al. 2016, table 6, rounds to 0.01 M.
    ZooNetwork(file: "cifar_resnet", options: "depth = 20", count: 269_722, source: "He et al. 2016, 0.27M"),
    ZooNetwork(file: "cifar_resnet", options: "depth = 32", count: 464_154, source: "He et al. 2016, 0.46M"),
    ZooNetwork(file: "cifar_resnet", options: "depth = 44", count: 658_586, source: "He et al. 2016, 0.66M"),
    ZooNetwork(file: "cifar_resnet", options: "depth = 56", count: 853_018, source: "He et al. 2016, 0.85M"),
    ZooNetwork(file: "resnet", options: "depth = 18", count: 11_689_512, source: torchvision),
    ZooNetwork(file: "resnet", options: "depth = 34", count: 21_797_672, source: torchvision),
    ZooNetwork(file: "resnet", options: "depth = 50", count: 25_557_032, source: torchvision),
    ZooNetwork(file: "resnet", options: "depth = 101", count: 44_549_160, source: torchvision),
    ZooNetwork(file: "resnet", options: "depth = 152", count: 60_192_808, source: torchvision),
    ZooNetwork(file: "mobilenet_v2", count: 3_504_872, source: torchvision),
    ZooNetwork(file: "mnasnet", options: "width = 0.5", count: 2_218_512, source: torchvision),
    ZooNetwork(file: "mnasnet", options: "width = 0.75", count: 3_170_208, source: torchvision),
    ZooNetwork(file: "mnasnet", count: 4_383_312, source: torchvision),
    ZooNetwork(file: "mnasnet", options: "width = 1.3", count: 6_282_256, source: torchvision),
    ZooNetwork(
      file: "mnasnet", options: "width = 2.0", count: 12_469_944,
      source: "yhhhli/BRECQ@e455d62, models/mnasnet.py built in PyTorch"),
    ZooNetwork(file: "shufflenet_v2", options: "width = 0.5", count: 1_366_792, source: torchvision),
    ZooNetwork(file: "shufflenet_v2", count: 2_278_604, source: torchvision),
    ZooNetwork(file: "shufflenet_v2", options: "width = 1.5", count: 3_503_624, source: torchvision),
    ZooNetwork(file: "shufflenet_v2", options: "width = 2.0", count: 7_393_996, source: torchvision),
    // Radosavovic et al. 2020, table 14: 2.7, 5.2, 6.2 and 7.3 M; BRECQ's models/regnet.py built in PyTorch.
    ZooNetwork(file: "regnet_x", options: "size = 200", count: 2_684_792, source: "Radosavovic et al. 2020"),
    ZooNetwork(file: "regnet_x", options: "size = 400", count: 5_157_512, source: "Radosavovic et al. 2020"),
    ZooNetwork(file: "regnet_x", options: "size = 600", count: 6_196_040, source: "Radosavovic et al. 2020"),
    ZooNetwork(file: "regnet_x", options: "size = 800", count: 7_259_656, source: "Radosavovic et al. 2020"),
    ZooNetwork(
      file: "regnet_x", options: "size = 1600", count: 9_190_136, source: "Radosavovic et al. 2020, 9.2M"),
    ZooNetwork(
      file: "regnet_x", options: "size = 3200", count: 15_296_552, source: "Radosavovic et al. 2020, 15.3M"),
    ZooNetwork(
      file: "shufflenet_v1", count: 1_864_728, source: "megvii-model/ShuffleNet-Series README, 1.9M"),
    ZooNetwork(
      file: "shufflenet_v1", options: "groups = 8, width = 0.5", count: 1_010_448,
      source: "megvii-model/ShuffleNet-Series README, 1.0M"),
    ZooNetwork(file: "fbnet_c", count: 5_572_200, source: "timm 1.0.31 fbnetc_100; Wu et al. 2019, 5.5M"),
    // Howard et al. 2017, table 6, has 4.2, 2.6 and 0.5 M. The exact counts are those of the summary of Keras (4,253,864 with
    // 21,888 statistics) and of the model table of osmr/imgclsmob.
    ZooNetwork(file: "mobilenet_v1", count: 4_231_976, source: "Keras; osmr/imgclsmob"),
    ZooNetwork(file: "mobilenet_v1", options: "width = 0.75", count: 2_585_560, source: "osmr/imgclsmob"),
    ZooNetwork(file: "mobilenet_v1", options: "width = 0.5", count: 1_331_592, source: "osmr/imgclsmob"),
    ZooNetwork(file: "mobilenet_v1", options: "width = 0.25", count: 470_072, source: "osmr/imgclsmob"),
    // The counts of MANIFEST section 2 less the statistics of batch norms.
    ZooNetwork(file: "resnet8", count: 78_666 - 2 * 240, source: "MANIFEST section 2"),
    ZooNetwork(file: "ds_cnn", count: 24_908 - 2 * 576, source: "MANIFEST section 2"),
    ZooNetwork(file: "vww_mobilenet_v1", count: 221_794 - 2 * 2736, source: "MANIFEST section 2"),
    ZooNetwork(file: "autoencoder", count: 269_992 - 2 * 1032, source: "MANIFEST section 2"),
  ]
}

/// Weights of the shared folder, the network they are for, and the input and logits that another program computed.
struct ZooWeights: Sendable, CustomStringConvertible {
  let weights: String
  let file: String
  var options = ""
  /// A Lua expression of the first images as one tensor.
  let images: String
  var logits = "logits"
  /// Rows of the golden logits that are compared.
  let rows: Int
  var description: String { weights }

  private static let akamaster = "{ mean = { 0.485, 0.456, 0.406 }, std = { 0.229, 0.224, 0.225 } }"

  static let all = [
    ZooWeights(
      weights: "resnet20_cifar10", file: "cifar_resnet", images: cifar(akamaster), rows: 32),
    ZooWeights(
      weights: "resnet56_cifar10", file: "cifar_resnet", options: "depth = 56", images: cifar(akamaster),
      rows: 32),
    ZooWeights(weights: "resnet8_cifar10_mlperf", file: "resnet8", images: cifar("{ scale = 1 }"), rows: 32),
    ZooWeights(
      weights: "kws_dscnn_mlperf", file: "ds_cnn",
      images: """
        augq.data.raw(data .. 'mlperf_tiny/data/kws01_mfcc_int8_1000x49x10.bin', {
          shape = { 49, 10, 1 }, type = 'int8', scale = 0.5847029089927673, shift = -83 * 0.5847029089927673,
        }):images()
        """, rows: 1000),
    ZooWeights(
      weights: "ad_autoencoder_mlperf", file: "autoencoder",
      images: "augq.tensor.load(data .. 'golden/ad_autoencoder_mlperf.safetensors', 'x0.input')",
      logits: "x0.dense_9",
      rows: 1),
    ZooWeights(
      weights: "mobilenetv1_025_224_imagenet", file: "mobilenet_v1", options: "width = 0.25",
      images: photographs,
      logits: "logits_eval_first64", rows: 8),
    ZooWeights(
      weights: "mobilenetv1_075_224_imagenet", file: "mobilenet_v1", options: "width = 0.75",
      images: photographs,
      logits: "logits_eval_first64", rows: 8),
  ]

  private static func cifar(_ normalization: String) -> String {
    "augq.data.cifar10({ data .. 'cifar10/test_batch.bin.gz' }):normalized(\(normalization)):subset(1, 32):images()"
  }

  private static let photographs = """
    augq.data.raw(data .. 'imagenet/eval_first64_224_rgb_u8_nhwc.bin.gz', {
      shape = { 224, 224, 3 }, type = 'uint8', scale = 1 / 127.5, shift = -1,
    }):subset(1, 8):images()
    """
}

@Suite struct ZooTests {
  /// Runs a recipe that lies in `Scripts`.
  private func run(_ script: String) throws {
    let lua = try LuaState()
    lua.register(Library.module(Session(scriptPath: "Scripts/test.lua", arguments: [])))
    try lua.run("local augq = require 'augq'\n" + script, name: "@test.lua")
  }

  @Test(arguments: ZooNetwork.all)
  func networksHaveThePublishedNumberOfParameters(_ network: ZooNetwork) throws {
    try run(
      """
      local graph = augq.model.\(network.file) { \(network.options) }
      local count = graph.parameter_count
      assert(count == \(network.count), count)
      """)
  }

  @Test(.enabled(if: SharedData.isPresent), arguments: ZooWeights.all)
  func pretrainedNetworksComputeTheReferenceLogits(_ row: ZooWeights) throws {
    try run(
      """
      local data = "\(SharedData.path("data/"))"
      local model = augq.load(augq.model.\(row.file) { \(row.options) }, {
        weights = data .. "models/\(row.weights).safetensors",
      })
      local mine = model:forward(\(row.images))
      local golden = augq.tensor.load(data .. "golden/\(row.weights).safetensors", "\(row.logits)")
      assert(mine.shape[1] == \(row.rows) and mine.shape[2] == golden.shape[2])
      for index = 1, #mine do
        local difference = math.abs(mine[index] - golden[index])
        assert(difference < 1e-3, "value " .. index .. " differs by " .. difference)
      end
      """)
  }

  /// The pack has no FP32 logits of this network: its names and shapes must fit, and its scores tell images apart.
  @Test(.enabled(if: SharedData.isPresent)) func visualWakeWordsLoads() throws {
    try run(
      """
      local model = augq.load(augq.model.vww_mobilenet_v1(), {
        weights = "\(SharedData.path("data/models/vww_mobilenetv1_025_96_mlperf.safetensors"))",
      })
      local scores = model:forward(augq.tensor.normal({ 2, 96, 96, 3 }, 1))
      assert(scores.shape[2] == 2 and scores[1] ~= scores[3])
      """)
  }

  /// MANIFEST section 2: 915 of 1000 are right.
  @Test(.enabled(if: SharedData.isPresent)) func keywordSpottingIsAsGoodAsItsReference() throws {
    try run(
      """
      local data = "\(SharedData.path("data/"))"
      local kws = data .. "mlperf_tiny/data/kws01_"
      local step = 0.5847029089927673
      local words = augq.data.raw(kws .. "mfcc_int8_1000x49x10.bin", {
        shape = { 49, 10, 1 }, type = "int8", labels = kws .. "labels_u8_1000.bin", scale = step, shift = -83 * step,
      })
      local model = augq.load(augq.model.ds_cnn(), { weights = data .. "models/kws_dscnn_mlperf.safetensors" })
      assert(augq.evaluate(model, words).correct == 915)
      """)
  }

  /// Mistakes in the options of a model file, and the whole text of the error behind the place.
  static let mistakes = [
    ("augq.model.resnet { dept = 18 }", "augq.model.resnet: option 'dept' is unknown. Did you mean 'depth'?"),
    ("augq.model.resnet { depth = 19 }", "option 'depth' is 19; there are 18, 34, 50, 101, 152."),
    (
      "augq.model.resnet { depth = 'deep' }",
      "augq.model.resnet: option 'depth' is a string \"deep\"; expected an integer in 18 ... 152"
    ),
    (
      "augq.model.cifar_resnet { depth = 21 }",
      "option 'depth' is 21; expected 6 n + 2, such as 20, 32, 44, 56, 110."
    ),
    (
      "augq.load(augq.model.resnet8())",
      "a graph has no values; name their file with the option 'weights'"
    ),
    (
      "augq.build('models/fashion_cnn', { architecture = { width = 2 } })",
      "Scripts/models/fashion_cnn.lua: the file returns a graph, not a function, so it takes no architecture options"
    ),
    (
      "augq.architecture('lib/pretrained')",
      "Scripts/lib/pretrained.lua: a model file must return the graph it built, or a function that returns it"
    ),
  ]

  @Test(arguments: mistakes.indices) func mistakesInArchitectureOptionsAreExplained(_ index: Int) throws {
    let (script, message) = Self.mistakes[index]

    let error = #expect(throws: LuaError.self) { try run(script) }

    #expect(error?.message.hasSuffix(message) == true, "\(error?.message ?? "")")
  }

  /// A model file's modules are its own folder's, and the recipe's search path is as before.
  @Test func modelFilesFindTheirOwnModules() throws {
    let folder = try Scratch()
    try folder.write("return 3", to: "width_of_this_test.lua")
    try folder.write(
      """
      local width = require "width_of_this_test"
      local graph = require("augq").graph { width }
      graph:linear(graph.input, { features = 1 })
      return graph
      """, to: "net.lua")

    try run(
      """
      local before = package.path
      assert(augq.architecture("\(folder.path("net"))").parameter_count == 4)
      assert(package.path == before)
      """)
  }

  @Test func modelFilesTakeTheirOptionsFromATable() throws {
    let folder = try Scratch()
    try folder.write(
      """
      return function(options)
        local graph = require("augq").graph { options.width or 2 }
        graph:linear(graph.input, { features = 1 })
        return graph
      end
      """, to: "net.lua")
    let path = folder.path("net")

    try run("assert(augq.architecture('\(path)', { width = 3 }).parameter_count == 4)")
    try run("assert(augq.build('\(path)', { architecture = { width = 5 } }).parameter_count == 6)")
    let error = #expect(throws: LuaError.self) { try run("augq.build('\(path)', { architecture = 18 })") }
    #expect(
      error?.message.hasSuffix("option 'architecture' is 18; expected a table with names as keys") == true,
      "\(error?.message ?? "")")
  }
}
