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

  /// The line that the recipe for CIFAR-10 networks prints with `--json` in smoke mode.
  static func row(before: [String] = [], _ options: [String]) throws -> [String: Any] {
    let outcome = try AugqProcess.run(
      ["run", "--no-record"] + before + ["Scripts/ptq_cifar10.lua", "--smoke", "--json"] + options)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
  }

  /// The caches of 1024 images of ResNet-20's widest unit take 128 MiB: less memory makes them leave it, and changes no figure.
  @Test(.enabled(if: SharedData.isPresent))
  func lessMemoryForCalibrationLowersThePeakAndChangesNoFigure() throws {
    let options = ["--samples", "1024", "--fp32", "false"]
    let ample = try Self.row(before: ["--memory", "2G"], options)
    let tight = try Self.row(before: ["--memory", "100M"], options)
    let peaks = [ample, tight].map { $0["peak_bytes"] as? Double ?? .nan }

    #expect(peaks[0] - peaks[1] > Double(32 << 20), "\(peaks)")
    for key in ["top1", "integer_top1", "stored_bits", "entropy_bits"] {
      let figure = try #require(ample[key] as? Double)
      #expect(tight[key] as? Double == figure, "\(key)")
    }
  }

  @Test(.enabled(if: SharedData.isPresent), arguments: ["nearest", "closed", "qdrop"])
  func fineTuningPrintsOneJSONObjectWithItsFigures(method: String) throws {
    let row = try Self.row(["--method", method])
    let values = ["top1", "fp32_top1", "integer_top1", "stored_bits", "entropy_bits", "peak_bytes"].map {
      row[$0] as? Double ?? .nan
    }
    #expect(values.allSatisfy { $0 > 0 }, "\(row)")
    #expect(values[..<3].allSatisfy { $0 <= 100 } && values[4] <= values[3])
    #expect(row["unquantized"] as? Double == 0)
    #expect((row["seconds"] as? Double ?? -1) >= 0)
  }

  /// Pretrained networks, loaded under their published names, on every test image of the data pack.
  @Test(.enabled(if: SharedData.isPresent))
  func pretrainedNetworksHaveTheLogitsAndAccuraciesOfTheManifest() throws {
    let outcome = try AugqProcess.run(["run", "--no-record", "Scripts/zoo_check.lua", "--json"])
    let rows = try outcome.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }

    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(rows.map { $0["images"] as? Int } == [10_000, 10_000, 10_000, 1000, 800, 800])
    for row in rows {
      let top1 = try #require(row["top1"] as? Double)
      let stated = try #require(row["manifest"] as? Double)
      #expect(abs(top1 - stated) < 0.0201, "\(row)")
      #expect(row["verdict"] as? String == "right", "\(row)")
    }
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
