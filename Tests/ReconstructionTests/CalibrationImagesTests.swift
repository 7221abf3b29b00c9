import Layers
import Quantizers
import Reconstruction
import Synchronization
import Tensors
import Testing

/// Images that count how many of them were asked for at once.
private final class CountedImages: CalibrationImages {
  private let all: Tensor
  private let largest = Mutex(0)

  init(_ all: Tensor) { self.all = all }

  var imageCount: Int { all.imageCount }
  var imageShape: Shape { all.imageShape }
  var largestRequest: Int { largest.withLock { $0 } }

  func images(_ range: Range<Int>) throws -> Tensor {
    largest.withLock { $0 = max($0, range.count) }
    return all.images(range)
  }
}

@Suite struct CalibrationImagesTests {
  private typealias Fixture = NetworkReconstructionTests

  private static let images = Tensor(
    [96, 8, 8, 3], Fixture.images.values + Fixture.images.values.map { 0.5 - $0 })
  private static let options = QuantizationOptions(
    weights: GridSpecification(bits: 3, group: .channel(axis: 0), isSymmetric: true),
    activations: GridSpecification(bits: 3), firstLast: nil, batch: 16)

  /// Every stage that reads calibration images, as a function of them; gives the weights it ends with.
  private static let stages:
    [(name: String, run: @Sendable (any CalibrationImages) throws -> QuantizedModel)] =
      [
        ("quantizing", { try quantized($0) }),
        (
          "reconstruction",
          { images in
            var options = Fixture.options(3)
            options.batch = 8
            var run = try NetworkReconstruction(
              [try quantized(images)], units: Fixture.units(), calibration: images)
            _ = try run.run(options)
            return run.networks[0]
          }
        ),
        (
          "closed form",
          { try quantized($0).roundedClosedForm(calibration: $0, options: ClosedFormOptions(batch: 16)) }
        ),
        (
          "closed form without memory",
          {
            try quantized($0).roundedClosedForm(
              calibration: $0, options: ClosedFormOptions(batch: 16, memoryLimit: 0))
          }
        ),
        (
          "bit split",
          { try quantized($0).roundedByBitSplit(calibration: $0, options: ClosedFormOptions(batch: 16)) }
        ),
        ("bias correction", { try quantized($0).correctingBias(calibration: $0, batch: 16) }),
        (
          "bias absorption",
          {
            let absorbed = try Fixture.model.absorbingBias(calibration: $0, batch: 16)
            return try QuantizedModel.quantizing(absorbed.model, options, calibration: $0)
          }
        ),
      ]

  private static func quantized(_ images: any CalibrationImages) throws -> QuantizedModel {
    try QuantizedModel.quantizing(Fixture.model, options, calibration: images)
  }

  @Test(arguments: stages.indices) func imagesAreReadInBatchesAndGiveTheResultOfATensor(_ index: Int) throws {
    let stage = Self.stages[index]
    let counted = CountedImages(Self.images)

    let inPieces = try stage.run(counted)
    let whole = try stage.run(Self.images)

    #expect(counted.largestRequest > 0 && counted.largestRequest <= 64, "\(stage.name)")
    #expect(inPieces.model.parameters.mapValues(\.values) == whole.model.parameters.mapValues(\.values))
    for (node, grid) in whole.activationGrids {
      #expect(inPieces.activationGrids[node]?.levels(group: 0) == grid.levels(group: 0))
    }
  }
}
