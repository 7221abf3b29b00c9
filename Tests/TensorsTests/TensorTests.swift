import Tensors
import Testing

@Suite struct TensorTests {
  @Test func writingACopyLeavesTheOriginal() {
    let original = Tensor([3], [1, 2, 3])
    var copy = original

    copy[1] = 9

    #expect(original.values == [1, 2, 3])
    #expect(copy.values == [1, 9, 3])
  }

  @Test func rowsAreTakenFromTheFirstDimension() {
    let x = Tensor([3, 2], [1, 2, 3, 4, 5, 6])

    #expect(x.rows(1..<3).values == [3, 4, 5, 6])
    #expect(x.rows(1..<3).shape == [2, 2])
  }

  @Test func sameSeedGivesTheSameNumbersAndStreamsDiffer() {
    var a = RandomSource(seed: 7)
    var b = RandomSource(seed: 7)
    var c = RandomSource(seed: 7, stream: 1)
    let first = (0..<8).map { _ in a.next() }

    #expect(first == (0..<8).map { _ in b.next() })
    #expect(first != (0..<8).map { _ in c.next() })
  }

  @Test(arguments: [0, 1, 7, 16, 17, 100])
  func extremesAreThoseOfTheValuesThatAreNumbers(count: Int) {
    var random = RandomSource(seed: UInt64(count))
    let numbers = (0..<count).map { _ in random.normal() }
    let holed = numbers.flatMap { [$0, .nan] }
    for values in [numbers, holed] {
      let found = Tensor([values.count], values).extremes
      #expect(found?.low == numbers.min() && found?.high == numbers.max())
    }
    #expect(Tensor([1], [-.infinity]).extremes?.high == -.infinity)
  }
}
