import Foundation
import Reporting
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct ChartTests {
  private static func points(_ values: [(Double, Double)]) -> [Chart.Point] {
    values.map { Chart.Point(x: $0.0, y: $0.1) }
  }

  static let charts: [Chart] = [
    Chart(
      title: "a < b & \"c\"", x: "x & y", y: "z",
      [Chart.Series("one <two>", .line, points([(1, 2), (3, 4)]))]),
    Chart(title: "empty", x: "x", y: "y", []),
    Chart(title: "none", x: "x", y: "y", [Chart.Series("s", .points, [])]),
    Chart(title: "one", x: "x", y: "y", [Chart.Series("s", .points, points([(5, 5)]))]),
    Chart(title: "same", x: "x", y: "y", [Chart.Series("s", .steps, points([(0, 0), (0, 0)]))]),
    Chart(
      title: "tiny", x: "x", y: "y", [Chart.Series("s", .line, points([(1e-12, -1e-9), (2e-12, 3e-9)]))]),
    Chart(title: "huge", x: "x", y: "y", [Chart.Series("s", .line, points([(-1e15, 1e12), (1e15, 3e12)]))]),
    Chart(
      title: "log", x: "n", y: "y", isLogarithmic: true,
      [Chart.Series("s", .line, points([(16, 1), (1024, 2)]))]),
    Chart(
      title: "not finite", x: "n", y: "y",
      [Chart.Series("s", .line, points([(.nan, 1), (2, .infinity), (1, 1)]))]),
    Chart(
      title: "many", x: "n", y: "y",
      (0..<40).map { index in
        Chart.Series(
          "s\(index)", .points, [Chart.Point(x: Double(index), y: 1, spread: 0.5, label: "p \(index)")])
      }),
  ]

  @Test(arguments: charts.indices) func picturesAreWellFormedAndStayInTheirFrame(_ index: Int) {
    let svg = Self.charts[index].svg
    let parser = XMLParser(data: Data(svg.utf8))

    #expect(parser.parse(), "\(svg)")
    let numbers = svg.replacingOccurrences(of: "dominant", with: "")
    #expect(!numbers.contains("nan"))
    #expect(!svg.contains("inf") && Self.charts[index].svg == svg)
    for part in svg.split(separator: "cx=\"").dropFirst() {
      let x = Double(part.prefix { $0 != "\"" }) ?? -1
      #expect((64...624).contains(x))
    }
  }

  @Test func ticksAreRoundNumbers() {
    let svg = Chart(
      title: "t", x: "x", y: "y", [Chart.Series("s", .line, Self.points([(0.13, 88.2), (0.97, 91.7)]))]
    ).svg
    for label in ["0.0", "0.2", "0.8", "1.0", "88", "89", "91", "92"] {
      #expect(svg.contains(">\(label)</text>"), "\(label)")
    }
    let log = Self.charts[7].svg
    for label in [16, 32, 64, 128, 256, 512, 1024] { #expect(log.contains(">\(label)</text>")) }
  }

  @Test func theFrontIsWhatNothingBeats() {
    let points = Self.points([(4, 90), (2, 80), (3, 79), (2, 70), (4, 91), (6, 91), (8, 95)])

    let front = Chart.front(points)

    #expect(front == Self.points([(2, 80), (4, 91), (8, 95)]))
    for point in points {
      #expect(front.contains { $0.x <= point.x && $0.y >= point.y })
    }
  }
}
