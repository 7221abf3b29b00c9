import Foundation
import Reporting
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Pictures for pages and terminals: whatever the numbers are, they are well-formed and the same each time.
@Suite struct FigureTests {
  static let figures: [Figure] = [
    .histogram(
      Histogram(
        title: "a < b", x: "weight & more", of: (0..<500).map { Float(sin(Double($0))) }, bins: 40,
        edges: [-1, -0.3, 0.3, 1], levels: [-1, 0, 1])),
    .histogram(Histogram(title: "one", x: "x", of: [3, 3, 3], isLogarithmic: true)),
    .histogram(Histogram(title: "none", x: "x", of: [Float]())),
    .histogram(Histogram(title: "odd", x: "x", of: [.nan, .infinity, -1e30, 1e30], levels: [.nan, 1e38])),
    .bars(
      BarChart(
        title: "bars", x: "dB", kinds: ["2 <bits>", "4 bits"],
        rows: [
          .init("stem & co", [.init(3, spread: 1), .init(-5)]),
          .init("a very long name of a layer of a network", [nil, .init(0)]),
        ])),
    .bars(BarChart(title: "none", x: "x", kinds: ["one"], rows: [])),
    .bars(BarChart(title: "odd", x: "x", kinds: ["one"], rows: [.init("n", [.init(.nan)]), .init("m", [])])),
    .strips(
      RangeStrips(
        title: "ranges",
        (0..<100).map { index in
          let reach = Double(index % 7 + 1)
          return .init(
            low: -reach, lowQuartile: -reach / 3, highQuartile: reach / 3, high: reach, lowestLevel: -2,
            highestLevel: 2.5)
        })),
    .strips(RangeStrips(title: "none", [])),
    .chart(
      Chart(
        title: "curves", x: "step", y: "loss",
        [
          .init("long", .line, (1...60).map { .init(x: Double($0), y: 1 / Double($0)) }),
          .init("short", .points, [.init(x: 1, y: 0.5, spread: 0.1)]),
          .init("", .steps, [.init(x: 1, y: 0), .init(x: 50, y: 1)]),
        ])),
    .chart(Chart(title: "none", x: "x", y: "y", [])),
    .chart(
      Chart(
        title: "huge", x: "x", y: "y",
        [.init("a", .line, [.init(x: 1, y: -1.5e308, spread: 1e308), .init(x: 2, y: 1.5e308)])])),
    .chart(
      Chart(
        title: "subnormal", x: "x", y: "y",
        [
          .init(
            "a", .line,
            [.init(x: Double.leastNonzeroMagnitude, y: 0), .init(x: 0, y: .leastNonzeroMagnitude)])
        ])),
    .bars(
      BarChart(
        title: "odd", x: "x", kinds: ["k"],
        rows: [.init("a", [.init(.leastNonzeroMagnitude)]), .init("b", [.init(1.7e308, spread: 1.7e308)])])),
    .histogram(Histogram(title: "far", x: "x", of: [1e20, 1e20])),
    .histogram(Histogram(title: "wide", x: "x", low: -1.7e308, high: 1.7e308, counts: [1, 2])),
    .strips(
      RangeStrips(
        title: "mixed up",
        [
          .init(
            low: 5, lowQuartile: 9, highQuartile: -3, high: -1.7e308, lowestLevel: 4, highestLevel: 1.7e308)
        ])),
  ]

  @Test(arguments: figures.indices) func picturesAreWellFormed(_ index: Int) throws {
    let figure = Self.figures[index]
    let parser = XMLParser(data: Data(figure.svgFile.utf8))
    #expect(parser.parse(), "\(figure.svgFile)")
    #expect(!figure.svg.replacing("dominant", with: "").contains("nan") && !figure.svg.contains("inf"))
    #expect(figure.svg == figure.svg)
    #expect(!figure.text(width: 60).isEmpty)
    let columns = figure.data.columns.count
    #expect(figure.data.rows.allSatisfy { $0.count == columns })
  }

  @Test(arguments: figures.indices) func jsonReadsBackAsTheSameFigure(_ index: Int) throws {
    let json = try Self.figures[index].json
    let back = try #require(Figure(json: Array(json.utf8)))
    #expect(back == Self.figures[index])
    #expect(try back.json == json)
  }

  @Test(arguments: figures.indices, [40, 78, 200]) func textFitsTheTerminal(_ index: Int, _ width: Int) {
    let text = Self.figures[index].text(width: width)
    #expect(text.hasPrefix(Self.figures[index].title + "\n") && text.hasSuffix("\n"))
    // Legends and captions may be longer; pictures may not.
    let drawn = text.split(separator: "\n").filter { $0.contains { "█▁▂▃▄▅▆▇─│".contains($0) } }
    for line in drawn { #expect(line.count <= max(width, 40) + 8, "\(line)") }
  }

  @Test func aHistogramCountsEveryFiniteValueOnce() {
    let values = (0..<1000).map { Float($0 * 7919 % 1000) } + [.nan, .infinity]
    for bins in [1, 3, 120, 1000] {
      let histogram = Histogram(title: "t", x: "x", of: values, bins: bins)
      #expect(histogram.counts.count == bins && histogram.counts.reduce(0, +) == 1000)
    }
    let even = Histogram(title: "t", x: "x", of: values, bins: 10)
    #expect(even.counts == Array(repeating: 100, count: 10))
  }

  @Test func theBarsOfTextAreAsLongAsTheirNumbers() {
    let chart = BarChart(
      title: "t", x: "x", kinds: ["k"],
      rows: [.init("a", [.init(10)]), .init("b", [.init(5)]), .init("c", [.init(0)])])
    let lengths = Figure.bars(chart).text().split(separator: "\n").dropFirst().prefix(3).map { line in
      line.count { $0 == "█" }
    }
    #expect(abs(lengths[0] - 2 * lengths[1]) <= 1 && lengths[1] > 10 && lengths[2] == 0)
  }

  @Test func curvesOfOneNameDiffer() {
    let chart = Chart(
      title: "t", x: "x", y: "y",
      [
        .init("a", .line, [.init(x: 1, y: 1)]),
        .init("a", .line, [.init(x: 1, y: 2e-12), .init(x: 2, y: 1e-12)]),
      ])
    #expect(chart.svg.contains("class=\"s0\"") && chart.svg.contains("class=\"s1\""))
    #expect(Figure.chart(chart).data.rows.map { $0[2] } == ["1", "2e-12", "1e-12"])
  }

  @Test func whatIsNoFigureIsRefused() {
    for text in ["", "{}", "[]", "{\"chart\":{}}", "{\"histogram\":3}", "{\"bars\":{\"title\":\"x\"}}"] {
      #expect(Figure(json: Array(text.utf8)) == nil, "\(text)")
    }
    // Numbers that cannot be drawn are left out or bounded.
    let odd = """
      {"histogram":{"title":"t","xLabel":"x","low":5,"high":-1,"counts":[-3,9223372036854775807],"edges":[],"levels":[],\
      "isLogarithmic":true}}
      """
    #expect(Figure(json: Array(odd.utf8))?.svg.contains("svg") == true)
    let log = """
      {"chart":{"title":"t","xLabel":"x","yLabel":"y","isLogarithmic":true,"series":[{"name":"s","style":"line",\
      "points":[{"x":-1,"y":1,"spread":0,"label":""}]}]}}
      """
    #expect(Figure(json: Array(log.utf8))?.svg.contains("svg") == true)
  }
}
