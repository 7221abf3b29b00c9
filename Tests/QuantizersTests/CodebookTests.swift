import Quantizers
import Tensors
import Testing

@Suite struct CodebookTests {
  let x = Samples.normal([6, 5, 7])

  @Test(arguments: [1, 2, 3, 4, 6, 8])
  func everyValueTakesTheNearestLevel(_ bits: Int) throws {
    for kind in [CodebookKind.powerOfTwo, .kMeans(), .scaled([-1, 0.3])] {
      for group in [GroupMap.tensor, .channel(axis: 0), .channel(axis: 2), .block(size: 9)] {
        let book = try Codebook.fit(kind, bits: bits, group: group, to: x)
        let y = try book.fakeQuantized(x)
        let all = Set((0..<book.groupCount).flatMap { book.levels(group: $0) })
        #expect(y.values.allSatisfy(all.contains))
        #expect(try book.dequantize(book.quantize(x)).values == y.values)
        #expect(try book.fakeQuantized(y).values == y.values)
        if book.groupCount == 1 {
          let levels = book.levels(group: 0)
          #expect(levels.count <= 1 << bits)
          for i in 0..<x.count {
            let nearest = levels.map { abs($0 - x[i]) }.min() ?? 0
            #expect(abs(y[i] - x[i]) <= nearest + 1e-6)
          }
        }
      }
    }
  }

  @Test func powersOfTwoHaveZeroAndHalves() throws {
    let both = try Codebook.fit(.powerOfTwo, bits: 3, to: Tensor([3], [-4, 0, 1]))
    #expect(both.levels(group: 0) == [-4, -2, -1, 0, 1, 2, 4])
    let one = try Codebook.fit(.powerOfTwo, bits: 2, to: Tensor([2], [0, 8]))
    #expect(one.levels(group: 0) == [0, 2, 4, 8])
  }

  @Test func kMeansIsNoWorseThanTheUniformGrid() throws {
    let x = Samples.normal([4000])
    let uniform = try GridSpecification(bits: 4, observer: .meanSquaredError()).fit(to: x).fakeQuantized(x)
    let means = try Codebook.fit(.kMeans(), bits: 4, to: x).fakeQuantized(x)
    func error(_ y: Tensor) -> Float { (0..<x.count).reduce(0) { $0 + (x[$1] - y[$1]) * (x[$1] - y[$1]) } }
    #expect(error(means) < error(uniform))
  }

  @Test func storageCountsLevels() throws {
    let book = try Codebook(levels: [[-1, 0, 1]])
    let report = try book.storage(of: Tensor([4], [-1, 0, 0, 1]), execution: Execution())
    #expect(report == StorageReport(nominal: 2, stored: 2, entropy: 1.5, side: 24, count: 4))
  }
}
