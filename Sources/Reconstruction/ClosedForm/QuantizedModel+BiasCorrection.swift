import CKernels
public import Layers
public import Quantizers
public import Tensors

extension QuantizedModel {
  /// Returns the model with each bias moved so that the mean output of every channel is that of the FP32 network.
  ///
  ///     bias[c] += mean over images and positions of (y[c] - y^[c])
  ///
  /// Front to back, so each layer also makes up for what is left of the errors before it. Layers without a bias get one.
  ///
  /// - Parameters:
  ///   - calibration: Images, read in batches.
  ///   - reference: The FP32 network; by default this model's own weights, which a rounding method has replaced.
  ///   - batch: Images per forward pass.
  ///   - memoryLimit: Bytes of node values kept between layers.
  ///   - progress: Called with the finished share, 0...1.
  /// - Throws: ``ReconstructionError/invalid(_:)`` when the reference has other nodes; ``QuantizationError``; ``LayerError``.
  /// Source: Nagel et al. 2019 (DFQ), section 4.2 and appendix D; Banner et al. 2019, section 4.
  public func correctingBias(
    calibration: any CalibrationImages, reference: Model? = nil, batch: Int = 32, memoryLimit: Int = 1 << 29,
    execution: Execution = Execution(), progress: ((Double) -> Void)? = nil
  ) throws -> QuantizedModel {
    try ClosedFormOptions(batch: batch, memoryLimit: memoryLimit).validate()
    let exact = try referenceModel(reference)
    var result = self
    result.model = try model.withBiases()
    let stream = try ActivationStream(
      calibration, graph: exact.graph, batch: batch, memoryLimit: memoryLimit / 2)
    var (before, after) = (stream, stream)
    let nodes = model.graph.nodes.indices.filter { model.graph.nodes[$0].layer?.isWeighted == true }
    for (done, index) in nodes.enumerated() {
      var shift: [Double] = []
      let transforms = result.transforms()
      for part in 0..<stream.batchCount {
        let inputs = try before.inputs(of: index, batch: part, exact, GraphTransforms(), execution: execution)
        let wanted = try exact.output(of: exact.graph.nodes[index], inputs, GraphTransforms(), execution)
        let quantized = try after.inputs(
          of: index, batch: part, result.model, transforms, execution: execution)
        let actual = try result.model.output(
          of: result.model.graph.nodes[index], quantized, transforms, execution)
        let sums = Tensor.elementwise(wanted, "-", actual).channelSums
        shift = shift.isEmpty ? sums : zip(shift, sums).map(+)
      }
      let node = model.graph.nodes[index]
      let count = Double(calibration.imageCount * node.shape.count / node.shape[-1])
      result.model.moveBias(of: node.name, by: shift.map { $0 / count })
      progress?(Double(done + 1) / Double(nodes.count))
    }
    return result
  }

  /// The folded FP32 network with the nodes of this one.
  func referenceModel(_ given: Model?) throws -> Model {
    try model.validate()
    guard let given else { return model }
    let folded = try given.foldingBatchNorm()
    try folded.validate()
    let (own, other) = (model.graph.nodes, folded.graph.nodes)
    guard own.count == other.count, zip(own, other).allSatisfy({ $0.name == $1.name && $0.shape == $1.shape })
    else {
      throw ReconstructionError.invalid(
        "the reference has \(other.count) nodes with batch norms folded, and the quantized network \(own.count), or their "
          + "names or shapes differ. Give the network that was quantized.")
    }
    return folded
  }
}

extension Tensor {
  /// Sums over all dimensions but the last.
  var channelSums: [Double] {
    let channels = shape[-1]
    var sums = [Double](repeating: 0, count: channels)
    var squares = sums
    let pivot = [Float](repeating: 0, count: channels)
    withValues { aq_channel_sums(count / max(1, channels), channels, $0.baseAddress, pivot, &sums, &squares) }
    return sums
  }
}

extension Model {
  /// The same network with a bias, 0 where there was none, on every convolution and linear layer.
  func withBiases() throws(LayerError) -> Model {
    var replacements: [String: any Layer] = [:]
    var values = parameters
    for node in graph.nodes {
      if let conv = node.layer as? Conv2d, !conv.hasBias {
        replacements[node.name] = try Conv2d(
          inChannels: conv.inChannels, filters: conv.filters, window: conv.window, groups: conv.groups)
        values["\(node.name).bias"] = Tensor(zeros: [conv.filters])
      } else if let linear = node.layer as? Linear, !linear.hasBias {
        replacements[node.name] = Linear(inFeatures: linear.inFeatures, features: linear.features)
        values["\(node.name).bias"] = Tensor(zeros: [linear.features])
      }
    }
    return Model(graph: try graph.rewritten(replacing: replacements, bypassing: []), parameters: values)
  }

  /// Adds a shift to a node's bias.
  mutating func moveBias(of node: String, by shift: [Double]) {
    guard let bias = parameters["\(node).bias"] else { preconditionFailure("\(node) has no bias") }
    parameters["\(node).bias"] = Tensor(bias.shape, zip(bias.values, shift).map { Float(Double($0) + $1) })
  }
}
