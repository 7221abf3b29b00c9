/// The operators that can be imported.
///
/// One that is neither here nor in ``ONNXFolding/operators`` does not exist for us.
enum ONNXOperators {
  /// Collects the layers of one node and returns the node's results.
  typealias Import = @Sendable (inout ONNXImporter, ONNXCall) throws -> [ONNXValue]

  /// Whether a node's operator is known, on values computed from the images or on constants.
  static func contains(_ node: ONNXNode, onImages: Bool) -> Bool {
    let name = node.proto.opType
    guard node.isStandard else { return false }
    return table[name] != nil || !onImages && (ONNXFolding.operators[name] != nil || name == "Constant")
  }

  /// What becomes of operators on values computed from the images.
  static let table: [String: Import] = [
    "Conv": { try $0.convolution($1) },
    "Gemm": { try $0.matrixProduct($1) },
    "MatMul": { try $0.matrixProduct($1) },
    "BatchNormalization": { try $0.batchNormalization($1) },
    "Relu": { try $0.map("relu", [:], $1) },
    "Sigmoid": { try $0.map("sigmoid", [:], $1) },
    "HardSwish": { try $0.map("hard_swish", [:], $1) },
    "HardSigmoid": { try $0.hardSigmoid($1) },
    "Clip": { try $0.clip($1) },
    "Max": { try $0.bound($1) },
    "Min": { try $0.bound($1) },
    "Softmax": { try $0.softmax($1) },
    "Add": { try $0.arithmetic($1) },
    "Sub": { try $0.arithmetic($1) },
    "Mul": { try $0.arithmetic($1) },
    "Div": { try $0.arithmetic($1) },
    "MaxPool": { try $0.pool($1) },
    "AveragePool": { try $0.pool($1) },
    "GlobalAveragePool": { try $0.globalAveragePool($1) },
    "ReduceMean": { try $0.mean($1) },
    "Concat": { try $0.concatenation($1) },
    "Split": { try $0.split($1) },
    "Slice": { try $0.slice($1) },
    "Pad": { try $0.pad($1) },
    "Reshape": { try $0.reshape($1) },
    "Flatten": { try $0.flatten($1) },
    "Transpose": { try $0.transpose($1) },
    "Squeeze": { try $0.squeeze($1) },
    "Unsqueeze": { try $0.unsqueeze($1) },
    "Shape": { try $0.extents($1) },
    "Identity": { [.activation(try $1.activation(0))] },
    "Dropout": { try $0.dropout($1) },
    "Cast": { try $0.cast($1) },
  ]
}
