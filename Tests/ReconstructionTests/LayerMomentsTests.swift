import CKernels
import Layers
import Tensors
import Testing

@testable import Reconstruction

@Suite struct LayerMomentsTests {
  private let samples = ClosedFormSamples.self
  private let execution = Execution(threads: 2)

  @Test(arguments: ClosedFormSamples.networks, [1, 3, 7])
  func patchesTimesWeightsAreTheLayersOutput(_ network: ClosedFormSamples.Network, _ step: Int) throws {
    let graph = network.model.graph
    let layer = try #require(ProductLayer(graph, 1))
    let images = samples.images(graph.nodes[0].shape.batched(9))
    let count = (9 * layer.positions + step - 1) / step
    let weight = network.model.required("layer.weight").values
    let bias = network.model.required("layer.bias").values

    let patches = try layer.patches(of: images, 0..<count, step: step, execution: execution)
    let tail = try layer.patches(of: images, count / 2..<count, step: step, execution: execution)

    #expect(Array(patches.values[(count / 2 * layer.depth)...]) == tail.values)
    let output = try network.model.forward(images, execution: execution)
    for patch in stride(from: 0, to: count, by: 5) {
      for filter in [0, layer.groups * layer.rows - 1] {
        let group = filter / layer.rows
        let sum = (0..<layer.columns).reduce(Double(bias[filter])) {
          $0 + Double(patches[patch * layer.depth + group * layer.columns + $1])
            * Double(weight[filter * layer.columns + $1])
        }
        let expected = output[patch * step * layer.groups * layer.rows + filter]
        #expect(abs(Float(sum) - expected) < 1e-4)
      }
    }
  }

  @Test(arguments: ClosedFormSamples.networks)
  func momentsAreSumsOfProducts(_ network: ClosedFormSamples.Network) throws {
    let graph = network.model.graph
    let layer = try #require(ProductLayer(graph, 1))
    let images = samples.images(graph.nodes[0].shape.batched(6))
    let gap = samples.images(graph.nodes[1].shape.batched(6), seed: 2)

    var moments = LayerMoments(layer, imageCount: 6, limit: 20, countsGap: true)
    try moments.add(images, outputGap: gap, execution: execution)

    let count = (6 * layer.positions + moments.step - 1) / moments.step
    #expect(count <= 21)
    let patches = try layer.patches(of: images, 0..<count, step: moments.step, execution: execution)
    let (n, filters) = (layer.columns, layer.groups * layer.rows)
    for group in 0..<layer.groups {
      for (i, j) in [(0, 0), (0, n - 1), (n / 2, n - 1), (n - 1, n - 1)] {
        let exact = (0..<count).reduce(0.0) {
          let row = $1 * layer.depth + group * n
          return $0 + Double(patches[row + i]) * Double(patches[row + j])
        }
        #expect(abs(moments.squares[(group * n + i) * n + j] - exact) < 1e-4 * max(1, abs(exact)))
        let filter = group * layer.rows + min(i, layer.rows - 1)
        let difference = (0..<count).reduce(0.0) {
          $0 + Double(gap[$1 * moments.step * filters + filter])
            * Double(patches[$1 * layer.depth + group * n + j])
        }
        #expect(abs(moments.gap[filter * n + j] - difference) < 1e-4 * max(1, abs(difference)))
      }
    }
  }

  @Test(arguments: [1, 2, 15, 63, 64, 65, 128, 131, 200], [ColumnOrder.natural, .fallingDiagonal])
  func factorTimesItsTransposeIsTheDampedHessian(_ n: Int, _ order: ColumnOrder) throws {
    let x = samples.images([n + 3, n], seed: UInt64(n))
    let squares = (0..<n * n).map { index in
      (0..<n + 3).reduce(0.0) { $0 + Double(x[$1 * n + index / n]) * Double(x[$1 * n + index % n]) }
    }
    let options = ClosedFormOptions(order: order)

    try squares.withUnsafeBufferPointer { squares in
      let factor = try HessianFactor(
        squares, blockEnds: (1...n).map { $0 }, options: options, layer: "layer", execution: execution)

      let damped = factor.damped(squares, order: factor.order)
      let scale = damped.values.reduce(0) { max($0, abs($1)) }
      for i in stride(from: 0, to: n, by: 3) {
        for j in stride(from: 0, to: n, by: 5) {
          let product = (0..<n).reduce(Float(0)) {
            let d = factor.diagonal[$1]
            return $0 + factor.unit[i * n + $1] * d * factor.unit[j * n + $1] * d
          }
          #expect(abs(product - damped[i * n + j]) < 1e-4 * scale)
        }
      }
      let v = samples.normal([3, n])
      let solved = try factor.solved(v, execution: execution)
      let natural = factor.damped(squares, order: Array(0..<n))
      for row in 0..<3 {
        let back = (0..<n).reduce(Float(0)) { $0 + solved[row * n + $1] * natural[$1 * n + n / 2] }
        #expect(abs(back - v[row * n + n / 2]) < 1e-3)
      }
    }
  }

  @Test func indefiniteMatricesAreReported() {
    var values: [Double] = [1, 0, 2, 1]
    var panel = [Double](repeating: 0, count: 64 * 2)

    let status = values.withUnsafeMutableBufferPointer { values in
      panel.withUnsafeMutableBufferPointer { panel in
        var step = aq_cholesky_step(
          values: values.baseAddress, size: 2, first: 0, panel: panel.baseAddress)
        return aq_cholesky_panel(&step)
      }
    }

    #expect(status == 1)
  }
}
