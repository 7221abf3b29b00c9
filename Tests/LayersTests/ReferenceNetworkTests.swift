import Layers
import Tensors
import Testing

@Suite struct ReferenceNetworkTests {
  /// 0.27 million parameters (He et al. 2016, table 6)
  @Test func resNet20HasThePublishedSize() throws {
    let graph = try ReferenceNetworks.resNet20()

    #expect(graph.nodes.count { $0.layer is Conv2d || $0.layer is Linear } == 20)
    #expect(Model(graph: graph, seed: 1).trainableCount == 269_722)
    #expect(graph.nodes[graph.output].shape == [10])
  }
}
