import Layers
import Tensors
import Testing

@Suite struct RegionTests {
  /// input -> a -> (b -> c, a) -> sum -> relu -> (d) -> out, and a dead end that nobody reads.
  func graph() throws -> Graph {
    var graph = Graph(input: [4, 4, 2])
    func conv() throws -> Conv2d { try Conv2d(inChannels: 2, filters: 2, window: Window(kernel: [1, 1])) }
    let a = try graph.add(conv(), [0], name: "a")
    let b = try graph.add(conv(), [a], name: "b")
    let c = try graph.add(conv(), [b], name: "c")
    try graph.add(ReLU(), [b], name: "dead")
    let sum = try graph.add(Add(), [c, a], name: "sum")
    let relu = try graph.add(ReLU(), [sum], name: "relu")
    try graph.add(conv(), [relu], name: "out")
    return graph
  }

  func names(_ graph: Graph, _ nodes: [NodeIndex]) -> [String] { nodes.map { graph.nodes[$0].name } }

  @Test func cutNodesAreThoseOnEveryPath() throws {
    let graph = try graph()

    #expect(names(graph, graph.cutNodes) == ["input", "a", "sum", "relu", "out"])
  }

  @Test func regionsFollowEachOtherAndHoldBranches() throws {
    let graph = try graph()

    let regions = graph.regions

    #expect(regions.map { names(graph, $0.nodes) } == [["a"], ["b", "c", "sum"], ["relu"], ["out"]])
    for (one, next) in zip(regions, regions.dropFirst()) { #expect(one.exit == next.entry) }
  }

  @Test func regionsCoverAllThatTheOutputDependsOn() throws {
    let graph = try ReferenceNetworks.resNet20()

    let covered = graph.regions.flatMap(\.nodes)

    #expect(covered.sorted() == Array(1..<graph.nodes.count))
    #expect(graph.regions.filter { $0.nodes.count > 1 }.count == 9)
  }

  @Test func partComputesWhatTheWholeComputesThere() throws {
    let model = Model(graph: try graph(), seed: 3)
    let graph = model.graph
    let x = Tensor([2, 4, 4, 2], (0..<64).map { Float($0 % 7) - 3 })
    var values: [NodeIndex: Tensor] = [:]
    _ = try model.forward(x, execution: Execution()) { values[$0] = $1 }

    for region in graph.regions {
      let part = try model.part(region)
      let output = try part.forward(try #require(values[region.entry]), execution: Execution())
      #expect(output.values == values[region.exit]?.values)
    }
  }

  @Test func partsWithASecondWayInOrOutAreRefused() throws {
    let graph = try graph()
    let index = { (name: String) in try #require(graph.index(of: name)) }

    #expect(
      throws: LayerError.invalid(
        "the part from 'b' to 'sum' is no unit: 'sum' in it also reads 'a'. Begin further up.")
    ) { try graph.region(from: index("b"), to: index("sum")) }
    #expect(
      throws: LayerError.invalid(
        "the part from 'input' to 'c' is no unit: 'sum' also reads 'a'. End further down.")
    ) { try graph.region(from: 0, to: index("c")) }
    #expect(
      throws: LayerError.invalid(
        "the part from 'relu' to 'sum' is empty: no path leads from one to the other")
    ) { try graph.region(from: index("relu"), to: index("sum")) }
  }
}
