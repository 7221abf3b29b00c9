import Layers
import Quantizers
import Reconstruction
import Tensors
import TestSupport
import Testing

/// What a user reads about options of fine-tuning that are out of range and results that belong elsewhere.
@Suite struct OptionMessageTests {
  private static func fineTuning(_ change: (inout ReconstructionOptions) -> Void) throws -> Any {
    var options = ReconstructionOptions()
    change(&options)
    return try options.validate()
  }

  private static func adaRound(_ change: (inout AdaRoundSettings) -> Void) throws -> Any {
    var settings = AdaRoundSettings()
    change(&settings)
    return try fineTuning { $0.rounding = .adaRound(settings) }
  }

  static let options: [Refused] = [
    Refused("batch is 0; give at least 1 image per step") { try fineTuning { $0.batch = 0 } },
    Refused("power is 5.0; choose 1 to 4") { try fineTuning { $0.power = 5 } },
    Refused("quantized_share is 2.0; choose 0 to 1") { try fineTuning { $0.quantizedShare = 2 } },
    Refused("the quantized share of inputs is 2.0; choose 0 to 1") {
      try fineTuning { $0.input = .mixed(quantizedShare: 2) }
    },
    Refused("the learning rate of ranges is 0.0; give more than 0") {
      try fineTuning { $0.ranges = .learned(learningRate: 0) }
    },
    Refused("the learning rate of biases is 0.0; give more than 0") {
      try fineTuning { $0.biases = .learned(learningRate: 0) }
    },
    Refused("the learning rate of weights is 0.0; give more than 0") {
      try fineTuning { $0.rounding = .adaQuant(learningRate: 0) }
    },
    Refused("the learning rate of rounding is 0.0; give more than 0") {
      try adaRound { $0.learningRate = 0 }
    },
    Refused("the weight of the regulariser is -1.0; give at least 0") {
      try adaRound { $0.regularization = -1 }
    },
    Refused("beta ends at 1.0; give more than 1") { try adaRound { $0.beta = 1...20 } },
    Refused("warmup is 1.0; give a share of the iterations, 0 to below 1") { try adaRound { $0.warmup = 1 } },
    Refused("sweeps is 101; choose 0 to 100") { try ClosedFormOptions(sweeps: 101).validate() },
    Refused("patches is 0; choose at least 1") { try ClosedFormOptions(patchLimit: 0).validate() },
    Refused("batch is 0; choose at least 1 image") { try ClosedFormOptions(batch: 0).validate() },
    Refused("memoryLimit is -1 bytes; choose at least 0") {
      try ClosedFormOptions(memoryLimit: -1).validate()
    },
  ]

  /// A journal that has the same result for every unit.
  private struct Stored: ReconstructionJournal {
    let stored: UnitResult
    func result(of unit: ReconstructionUnit, index: Int) -> UnitResult? { stored }
    func record(_ result: UnitResult, of unit: ReconstructionUnit, index: Int) {}
  }

  private static func resumed(_ change: (inout UnitResult) -> Void) throws -> Any {
    var result = UnitResult()
    change(&result)
    typealias Samples = NetworkReconstructionTests
    let network = try Samples.quantized(Samples.grids[0])
    var run = try NetworkReconstruction([network], units: Samples.units(), calibration: Samples.images)
    return try run.run(Samples.options(1), journal: Stored(stored: result))
  }

  static let runs: [Refused] = [
    Refused(
      "could not make a file in '/none' for 4 bytes of calibration values: No such file or directory. "
        + "Free space there, set TMPDIR to another folder, or give fewer calibration images."
    ) { try CalibrationCache(rowShape: [1], count: 1, folder: "/none") },
    Refused("there is no network") {
      try NetworkReconstruction([], units: [], calibration: NetworkReconstructionTests.images)
    },
    Refused("unit 'stem' comes before its predecessor in the network") {
      typealias Samples = NetworkReconstructionTests
      let units = Samples.units()
      return try NetworkReconstruction(
        [Samples.quantized(Samples.grids[0])], units: [units[1], units[0]], calibration: Samples.images)
    },
    Refused("a stored result has parameter 'stem.weight' 3, which the network has not; start a new folder") {
      try resumed { $0.parameters["stem.weight"] = Tensor(zeros: [3]) }
    },
    Refused("a stored result has 3 range factors for 'input', which the network has not; start a new folder")
    {
      try resumed { $0.activationFactors = [["input": [1, 1, 1]]] }
    },
    Refused("a node's values are not finite on the calibration images. Check the images and the weights.") {
      let model = try PreprocessingTests.model("spread flatten")
      let shape = model.graph.nodes[0].shape.batched(1)
      return try model.absorbingBias(calibration: Tensor(shape, repeating: .infinity), deviations: 3)
    },
    Refused("there is no grid for 'stem.weight'; quantize the model first") {
      var network = try NetworkReconstructionTests.quantized(NetworkReconstructionTests.grids[0])
      network.weightGrids = [:]
      return try network.roundedClosedForm(calibration: NetworkReconstructionTests.images)
    },
  ]

  @Test(arguments: options + runs) func whatFineTuningCannotUseIsExplained(_ refused: Refused) {
    #expect(refused.outcome == refused.message)
  }
}
