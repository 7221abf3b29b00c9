import Layers
import Quantizers
import Tensors
import TestSupport
import Testing

/// What a user reads about grids, codebooks and plans that cannot be.
@Suite struct GridMessageTests {
  private static func check(
    bits: Int = 2, intervals: Int = 4, group: GroupMap = .tensor, edges: EdgePlacement = .equal,
    choice: IntervalChoice = .perValue, mode: QuantizationMode = .clamp, isSymmetric: Bool = false,
    observer: Observer = .minMax, rounding: Rounding = .nearest
  ) throws -> Any {
    try GridSpecification(
      bits: bits, intervals: intervals, group: group, edges: edges, choice: choice, mode: mode,
      isSymmetric: isSymmetric, observer: observer, rounding: rounding
    ).validate()
  }

  static let specifications: [Refused] = [
    Refused("mode published has per-value intervals; leave block out or use mode clamp") {
      try check(choice: .perBlock(size: 8), mode: .published)
    },
    Refused("blocks run along the reduction of output channels; group by axis 0 instead of axis 1") {
      try check(group: .channel(axis: 1), choice: .perBlock(size: 8))
    },
    Refused("mode published has no symmetric grids; leave symmetric out or use mode clamp") {
      try check(mode: .published, isSymmetric: true)
    },
    Refused("mode published rounds to nearest; use rounding nearest or mode clamp") {
      try check(mode: .published, rounding: .stochastic(seed: 1))
    },
    Refused("fractions divide a range by value; for blocks give a ratio, edges geometric") {
      try check(edges: .fractions([0.1, 0.2, 0.3]), choice: .perBlock(size: 8))
    },
    Refused("edge fractions must rise between 0 and 1, but 0.5 is followed by 0.2; sort them") {
      try check(edges: .fractions([0.5, 0.2, 0.7]))
    },
    Refused("the ratio of geometric edges is 1.0; choose more than 1, up to 16") {
      try check(edges: .geometric(ratio: 1))
    },
    Refused(
      "200 candidates with a stride of 0.01 shrink the range to nothing; keep candidates x stride below 1"
    ) { try check(observer: .meanSquaredError(candidates: 200)) },
    Refused("the power of the search is 5.0; choose 1 to 4") { try check(observer: .lpSearch(power: 5)) },
  ]

  static let grids: [Refused] = [
    Refused("there are no calibration values for a grid; give at least one calibration image") {
      try RegionGrid(GridSpecification(bits: 2), ranges: [])
    },
    Refused("a grid has 2 to 256 levels, not 300; give another number of levels") {
      try RegionGrid(uniform: UniformForm(scale: 1, zeroPoint: 0, levelCount: 300))
    },
    Refused("the grid has 3 groups but a tensor of shape 2x2 has 2; fit the grid to a tensor of this shape") {
      try GridSpecification(bits: 2, group: .channel(axis: 0)).fit(to: Samples.normal([3, 2])).fakeQuantized(
        Samples.normal([2, 2]))
    },
    Refused(
      "a grid in published mode leaves values in FP32, which have no codes; use mode clamp to pack or compile"
    ) {
      try GridSpecification(bits: 2, intervals: 4, mode: .published).fit(to: Samples.normal([9])).quantize(
        Samples.normal([9]))
    },
    Refused("codes of block-chosen intervals need the interval of each block; call quantize instead") {
      try GridSpecification(bits: 2, intervals: 4, choice: .perBlock(size: 4)).fit(
        to: Samples.normal([2, 8])
      )
      .globalCodes(of: Samples.normal([2, 8]))
    },
    Refused("the range of group 0 is 2.0 ... 1.0; it must be finite, low first") {
      try GridSpecification(bits: 2).fit(
        to: Samples.normal([9]), placement: GroupPlacement(range: { _ in ValueRange(2, 1) }))
    },
    Refused("there are no calibration values for a codebook; give at least one calibration image") {
      try Codebook(levels: [])
    },
    Refused("a codebook has 1 to 256 levels per group, not 0; give another number of levels") {
      try Codebook(levels: [[]])
    },
    Refused("3 levels do not fit into 1 bits, which hold 2; give fewer levels or more bits") {
      try Codebook.fit(.scaled([0, 1, 2]), bits: 1, to: Samples.normal([9]))
    },
    Refused("no key ends in .x among 0 tensors; give the golden file") { try GoldenCheck.compare([:]) },
  ]

  private static func quantized(
    _ change: (inout QuantizationOptions) -> Void, model prepare: (inout Model) -> Void = { _ in }
  ) throws -> QuantizedModel {
    var graph = Graph(input: [2])
    try graph.add(Linear(inFeatures: 2, features: 3), [0], name: "head")
    var model = Model(graph: graph, seed: 1)
    prepare(&model)
    var options = QuantizationOptions(
      weights: GridSpecification(bits: 4), activations: GridSpecification(bits: 4))
    change(&options)
    return try .quantizing(model, options, calibration: Samples.normal([4, 2]))
  }

  static let plans: [Refused] = [
    Refused(
      "activations have one range per tensor and intervals chosen per value; leave their options group and block out"
    ) { try quantized { $0.activations = GridSpecification(bits: 4, group: .block(size: 8)) } },
    Refused("batch is 0 and sampleLimit 1048576; both are at least 1") { try quantized { $0.batch = 0 } },
    Refused("there is no weight 'tail.weight'; there are head.weight") {
      try quantized { $0.layers = ["tail.weight": GridSpecification(bits: 4)] }
    },
    Refused("the model has no parameter head.weight; load its weights before quantizing") {
      try quantized({ _ in }, model: { $0.parameters["head.weight"] = nil })
    },
    Refused("there is no grid for 'head.weight'; quantize the model first") {
      var network = try quantized { _ in }
      network.weightGrids = [:]
      return try network.rounding { weight, _ in weight }
    },
  ]

  @Test func goldenFilesNameWhatIsNotComputed() throws {
    let report = try GoldenCheck.compare(["a.x": Samples.normal([9]), "a.b2.what": Tensor([1], [0])])
    #expect(report.mismatches == ["a.b2.what: nothing of this name is computed"])
  }

  @Test(arguments: specifications + grids + plans) func whatCannotBeIsExplained(_ refused: Refused) {
    #expect(refused.outcome == refused.message)
  }
}
