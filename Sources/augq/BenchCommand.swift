public import ArgumentParser
public import Benchmarks
import Reporting

extension Bench.Part: ExpressibleByArgument {}

/// `augq bench`: timed work with ratios.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time kernels, training and the Lua boundary; compare with peers.")

  @Argument(help: "What to time; everything when left out.")
  var parts: [Bench.Part] = []

  @Flag(help: "Print one JSON object a line.")
  var json = false

  @Flag(help: "Run everything once, briefly; the figures mean nothing.")
  var quick = false

  @Option(help: "A Python with PyTorch; runs the programs of Scripts/peers beside ours.")
  var peers: String?

  @Option(help: "The folder PTQ of the AuGQ authors' code, timed by Scripts/peers/quantizer.py.")
  var authors = ""

  @Option(help: "A clone of BRECQ's public code, timed by Scripts/peers/brecq_block.py.")
  var brecq = ""

  func run() throws {
    let bench = Bench(quick: quick, python: peers, authors: authors, brecq: brecq)
    let table = try bench.table(parts.isEmpty ? Bench.Part.allCases : parts)
    print(json ? table.jsonLines : table.text, terminator: "")
  }
}
