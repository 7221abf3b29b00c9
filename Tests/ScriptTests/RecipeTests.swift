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
}
