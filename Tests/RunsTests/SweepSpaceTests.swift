import Runs
import Testing

@Suite struct SweepSpaceTests {
  @Test func gridsAndZipsMultiplyAndListsAreAdded() {
    var space = SweepSpace()
    space.fixed = ["n": .integer(1)]
    space.grid = ["b": [.integer(2), .integer(4)], "a": [.text("x"), .text("y")]]
    space.zip = ["s": [.integer(1), .integer(2)], "t": [.number(0.5), .number(0.25)]]
    space.list = [["a": .text("z")]]

    let found = space.combinations

    #expect(found.count == 2 * 2 * 2 + 1)
    #expect(
      found[0] == ["n": .integer(1), "a": .text("x"), "b": .integer(2), "s": .integer(1), "t": .number(0.5)])
    #expect(found[1]["s"] == .integer(2) && found[1]["t"] == .number(0.25))
    #expect(found[2]["b"] == .integer(4) && found[2]["a"] == .text("x"))
    #expect(found.last == ["n": .integer(1), "a": .text("z")])
    #expect(Set(found).count == found.count)
  }

  @Test func aListAloneIsTheSweep() {
    var space = SweepSpace()
    space.list = [["a": .integer(1)], ["a": .integer(2)]]

    #expect(space.combinations == [["a": .integer(1)], ["a": .integer(2)]])
  }

  @Test func drawsLieInTheirRangesAndMoreOfThemKeepThoseBefore() {
    func draws(_ count: Int, _ names: [String]) -> [Parameters] {
      let all: [String: SweepSpace.Range] = [
        "rate": .logarithmic(1e-4, 1e-1), "share": .uniform(-1, 1), "depth": .integer(2, 5),
        "kind": .choice([.text("a"), .text("b")]),
      ]
      var space = SweepSpace()
      space.random = .init(count: count, seed: 7, ranges: all.filter { names.contains($0.key) })
      return space.combinations
    }
    let found = draws(200, ["rate", "share", "depth", "kind"])

    for row in found {
      guard case .number(let rate)? = row["rate"], case .number(let share)? = row["share"],
        case .integer(let depth)? = row["depth"]
      else {
        Issue.record("\(row)")
        return
      }
      #expect((1e-4...1e-1).contains(rate) && (-1...1).contains(share) && (2...5).contains(depth))
    }
    #expect(Set(found.map { $0["depth"] }).count == 4 && Set(found.map { $0["kind"] }).count == 2)
    #expect(draws(20, ["rate", "share", "depth", "kind"]) == Array(found.prefix(20)))
    #expect(draws(20, ["rate"]).map { $0["rate"] } == found.prefix(20).map { $0["rate"] })
  }
}
