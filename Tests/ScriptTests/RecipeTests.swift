import Foundation
import TestSupport
import Testing

/// Every recipe in `Scripts/` runs to its end in smoke mode.
@Suite struct RecipeTests {
  static let recipes: [String] = {
    let names = try? FileManager.default.contentsOfDirectory(atPath: "Scripts")
    return (names ?? []).filter { $0.hasSuffix(".lua") }.sorted()
  }()

  @Test func thereAreRecipes() {
    #expect(Self.recipes.contains("quickstart.lua"))
  }

  @Test(arguments: recipes)
  func runsInSmokeMode(recipe: String) throws {
    let outcome = try AugqProcess.run(["run", "Scripts/\(recipe)", "--smoke"])

    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(!outcome.output.isEmpty)
  }

  @Test(.enabled(if: SharedData.isPresent), arguments: ["nearest", "closed", "qdrop"])
  func fineTuningPrintsOneJSONObjectWithItsFigures(method: String) throws {
    let outcome = try AugqProcess.run(
      ["run", "Scripts/ptq_cifar10.lua", "--smoke", "--json", "--method", method])

    let row = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let values = ["top1", "fp32_top1", "integer_top1", "stored_bits", "entropy_bits", "peak_bytes"].map {
      row[$0] as? Double ?? .nan
    }
    #expect(values.allSatisfy { $0 > 0 }, "\(row)")
    #expect(values[..<3].allSatisfy { $0 <= 100 } && values[4] <= values[3])
    #expect(row["unquantized"] as? Double == 0)
    #expect((row["seconds"] as? Double ?? -1) >= 0)
  }

  /// Lists of words that a recipe takes, with one that it does not know.
  static let unknownWords = [
    ("compare_networks.lua", "--networks", "resnet9", "there is no network 'resnet9'; there are ds_cnn, "),
    ("compare_networks.lua", "--quantizers", "augq", "there is no quantizer 'augq'; there are augq_2bit, "),
    ("compare_equal_bits.lua", "--quantizers", "augq", "there is no quantizer 'augq'; there are augq_2bit, "),
    (
      "sample_curve.lua", "--counts", "16x",
      "the number of images '16x' in --counts is no whole number of at least 1."
    ),
    ("ptq_cifar10.lua", "--network", "resnet9", "there is no network 'resnet9'; there are ds_cnn, "),
    (
      "ptq_cifar10.lua", "--network", "resnet20,resnet56",
      "there is no network 'resnet20,resnet56'; there are ds_cnn, "
    ),
  ]

  @Test(.enabled(if: SharedData.isPresent), arguments: unknownWords.indices)
  func unknownWordsOfListsAreNamed(index: Int) throws {
    let (recipe, option, word, message) = Self.unknownWords[index]
    let outcome = try AugqProcess.run(["run", "Scripts/\(recipe)", option, word])

    #expect(outcome.status == 1)
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
  }
}
