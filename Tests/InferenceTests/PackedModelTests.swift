import Inference
import Packing
import TestSupport
import Tensors
import Testing

struct PackedModelTests {
  private static func model() throws -> IntegerModel {
    var random = RandomSource(seed: 2)
    let entry = ConvolutionCase(channels: (5, 7), weightZero: 6, weightBits: 4)
    return entry.model(try entry.layer(&random))
  }

  @Test func packedModelSurvivesRoundTrip() throws {
    let model = try Self.model()

    #expect(try IntegerModel(PackedFile(encoded: model.packed.encoded)) == model)
    #expect(model.byteCount == model.packed.encoded.count)
  }

  @Test(.enabled(if: SharedData.isPresent), arguments: OfficialNetwork.names)
  func officialNetworksSurviveRoundTrip(_ name: String) throws {
    let model = try OfficialNetwork(name).model
    #expect(try IntegerModel(PackedFile(encoded: model.packed.encoded)) == model)
  }

  @Test func everyByteChangedGivesAnErrorOrAModelThatIsCheckedAgain() throws {
    let bytes = try Self.model().packed.encoded
    for index in stride(from: 0, to: bytes.count, by: 3) {
      for change: UInt8 in [0x80, 0x01, 0xFF] {
        var damaged = bytes
        damaged[index] ^= change
        // Neither crashes; most throw.
        if let model = try? IntegerModel(PackedFile(encoded: damaged)) { _ = try? IntegerEngine(model) }
      }
    }
  }

  @Test func missingSectionIsNamed() throws {
    let packed = try Self.model().packed
    let partial = PackedFile(sections: packed.sections.filter { $0.name != "layer/bias" })
    #expect(throws: PackingError.missingSection("layer/bias")) { try IntegerModel(partial) }
  }
}
