import LuaRuntime
import TestSupport
import Testing
import Workbench

@Suite struct DocumentationTests {
  @Test func everythingInTheTablesIsFoundByItsNameAndRenders() throws {
    let entries = Documentation.entries
    #expect(entries.count > 100)
    for entry in entries {
      let text = try Documentation.text(for: entry.name).get()
      #expect(text.contains(entry.text), "\(entry.name)")
      #expect(!entry.summary.isEmpty, "\(entry.name)")
      let longest = text.split(separator: "\n").map(\.count).max() ?? 0
      #expect(longest <= 130, "\(entry.name): a line of \(longest)")
      guard case .function(let row) = entry.topic else { continue }
      for option in row.options {
        #expect(text.contains("\n  \(option.name)"), "\(entry.name) does not show \(option.name)")
        #expect(!(try Documentation.text(for: "\(entry.name).\(option.name)").get()).isEmpty)
      }
    }
  }

  @Test func helpPrintsAName() throws {
    let outcome = try AugqProcess.run(["help", "Tensor:sum"])

    #expect(outcome.status == 0)
    #expect(
      outcome.output
        == "augq.Tensor:sum() -> number\n  Returns the sum of all values, accumulated in double.\n")
  }

  @Test func helpOfACommandIsItsUsage() throws {
    let outcome = try AugqProcess.run(["help", "run"])

    #expect(outcome.output == (try AugqProcess.run(["run", "--help"]).output))
  }

  @Test func helpAloneListsTheModules() throws {
    let outcome = try AugqProcess.run(["help"])

    #expect(outcome.output == Documentation.overview)
    #expect(outcome.output.contains("  augq.granularity  "))
  }

  @Test func helpOfAWrongNameSuggestsOthers() throws {
    let outcome = try AugqProcess.run(["help", "quantise"])

    #expect(outcome.status == 64)
    #expect(outcome.output.isEmpty)
    #expect(
      outcome.errors
        == "augq: nothing is documented as 'quantise'. Did you mean augq.Tensor:quantile or augq.quantize or "
        + "augq.Quantized?\n")
  }
}
