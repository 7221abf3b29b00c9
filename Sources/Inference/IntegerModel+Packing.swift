public import Packing
import Tensors

extension IntegerModel {
  /// The model as the sections of a `.augq` file.
  ///
  /// Section `graph` has the nodes; a layer `name` with weights has `name/codes` (packed), `name/zeros` (a byte per
  /// channel), `name/bias` (32 bits per channel), `name/multipliers` (32 bits per channel) and `name/shifts` (a byte).
  public var packed: PackedFile {
    var graph = ByteWriter()
    graph.append(nodes.count)
    graph.append(output)
    var sections: [PackedFile.Section] = []
    for node in nodes {
      graph.append(node)
      guard case .convolution(let layer) = node.operation else { continue }
      sections.append(.init(node.name + "/codes", layer.weights.bytes))
      sections.append(.init(node.name + "/zeros", layer.zeroPoints.map { UInt8(truncatingIfNeeded: $0) }))
      sections.append(.init(node.name + "/bias", ByteWriter.bytes(of: layer.bias)))
      sections.append(
        .init(node.name + "/multipliers", ByteWriter.bytes(of: layer.multipliers.map(\.multiplier))))
      sections.append(
        .init(node.name + "/shifts", layer.multipliers.map { UInt8(bitPattern: Int8($0.shift)) }))
    }
    return PackedFile(sections: [.init("graph", graph.bytes)] + sections)
  }

  /// The size of the packed file: what reports call model bytes.
  public var byteCount: Int { packed.encoded.count }

  /// Decodes a packed model.
  ///
  /// - Throws: ``PackingError`` when a section is missing or does not decode. Whether the numbers make a network that
  ///   runs is checked by ``IntegerEngine/init(_:variant:)``.
  public init(_ file: PackedFile) throws(PackingError) {
    var graph = ByteReader(try file.section("graph"), section: "graph")
    let count = try graph.count(itemSize: 1)
    let output = try graph.int()
    var nodes: [IntegerNode] = []
    for _ in 0..<count { nodes.append(try graph.node(file)) }
    self.init(nodes: nodes, output: output)
  }

  /// Writes the packed model under a temporary name and renames it.
  ///
  /// - Throws: ``PackingError/file(path:operation:reason:)``.
  public func write(to path: String) throws(PackingError) { try packed.write(to: path) }

  /// Reads a packed model from a `.augq` file.
  ///
  /// - Throws: ``PackingError`` that says what is wrong with the file.
  public init(path: String) throws(PackingError) {
    do {
      try self.init(PackedFile(path: path))
    } catch {
      throw error.found(in: path)
    }
  }
}

extension ByteWriter {
  fileprivate static func bytes(of values: [Int32]) -> [UInt8] {
    var writer = ByteWriter()
    for value in values { writer.append(value) }
    return writer.bytes
  }

  fileprivate mutating func append(_ node: IntegerNode) {
    append(node.name)
    append(node.inputs)
    append(node.shape.dimensions)
    append(node.grid.scale)
    append(node.grid.zeroPoint)
    append(node.grid.levels)
    append(node.operation)
  }

  fileprivate mutating func append(_ scale: FixedPointMultiplier) {
    append(scale.multiplier)
    append(scale.shift)
  }

  fileprivate mutating func append(_ window: WindowGeometry) {
    for values in [window.kernel, window.stride, window.dilation, window.padding] { append(values) }
  }

  fileprivate mutating func append(_ range: CodeRange) {
    append(range.low)
    append(range.high)
  }

  /// A byte says which operation; its hyper-parameters follow.
  fileprivate mutating func append(_ operation: IntegerOperation) {
    append(operation.tag.rawValue)
    switch operation {
    case .input, .reshape: break
    case .convolution(let layer): append(layer)
    case .add(let addition):
      for scale in [addition.first, addition.second, addition.result] { append(scale) }
      append(addition.range)
    case .multiply(let scale, let range, let headroom):
      append(scale)
      append(range)
      append(UInt8(headroom))
    case .averagePool(let window, .sameGrid(let origin)):
      append(window)
      append(origin)
    case .averagePool(let window, .rescaled(let scales, let countsPadding, let headroom)):
      append(window)
      append(scales.count)
      for scale in scales { append(scale) }
      append(UInt8(countsPadding ? 1 : 0))
      append(UInt8(headroom))
    case .maxPool(let window): append(window)
    case .concatenate(let tables):
      append(tables.count)
      for table in tables { append(table) }
    case .slice(let first): append(first)
    case .permuteChannels(let order): append(order)
    case .pad(let top, let left, let front, let code):
      for offset in [top, left, front] { append(offset) }
      append(code)
    case .table(let table): append(table)
    }
  }

  private mutating func append(_ layer: IntegerConvolution) {
    append(layer.window)
    append(layer.groups)
    append(layer.weights.bits)
    append(layer.weights.count)
    append(layer.bias.count)
    append(layer.rounding.rawValue)
    append(layer.range)
    append(UInt8(layer.isWide ? 1 : 0))
    append(UInt8(layer.headroom))
  }
}

/// The byte that stands for an operation in a packed model.
private enum OperationTag: UInt8 {
  case input, convolution, add, multiply, averageOnSameGrid, averageRescaled, maxPool, concatenate, slice
  case permuteChannels, reshape, pad, table
}

extension IntegerOperation {
  fileprivate var tag: OperationTag {
    switch self {
    case .input: .input
    case .convolution: .convolution
    case .add: .add
    case .multiply: .multiply
    case .averagePool(_, .sameGrid): .averageOnSameGrid
    case .averagePool(_, .rescaled): .averageRescaled
    case .maxPool: .maxPool
    case .concatenate: .concatenate
    case .slice: .slice
    case .permuteChannels: .permuteChannels
    case .reshape: .reshape
    case .pad: .pad
    case .table: .table
    }
  }
}

extension ByteReader {
  fileprivate mutating func node(_ file: PackedFile) throws(PackingError) -> IntegerNode {
    let name = try string()
    let inputs = try array(Int.self)
    let extents = try array(Int.self)
    let limit = 1 << 31
    guard extents.allSatisfy({ $0 >= 0 && $0 < limit }),
      extents.reduce(1.0, { $0 * Double($1) }) < Double(limit)
    else { throw failure("node '\(name)' has extents \(extents)") }
    let grid = IntegerGrid(scale: try double(), zeroPoint: try int(), levels: try int())
    return IntegerNode(
      name, try operation(name, file), inputs: inputs, shape: Shape(extents), grid: grid)
  }

  private mutating func scale() throws(PackingError) -> FixedPointMultiplier {
    let multiplier = try integer(Int32.self)
    let shift = try integer(Int32.self)
    return try checked(multiplier, shift)
  }

  private func checked(_ multiplier: Int32, _ shift: Int32) throws(PackingError) -> FixedPointMultiplier {
    guard multiplier >= 1 << 30 || multiplier == 0, (-31...30).contains(shift) else {
      throw failure("multiplier \(multiplier) with shift \(shift) is not normalised")
    }
    return FixedPointMultiplier(multiplier: multiplier, shift: shift)
  }

  private mutating func window() throws(PackingError) -> WindowGeometry {
    let kernel = try array(Int.self)
    let stride = try array(Int.self)
    let dilation = try array(Int.self)
    let padding = try array(Int.self)
    let window = WindowGeometry(kernel: kernel, stride: stride, dilation: dilation, padding: padding)
    guard (kernel + stride + dilation + padding).allSatisfy({ (0..<65536).contains($0) }) else {
      throw failure("\(window) has an entry outside 0 ... 65535")
    }
    return window
  }

  private mutating func range() throws(PackingError) -> CodeRange {
    CodeRange(try integer(UInt8.self), try integer(UInt8.self))
  }

  private mutating func operation(_ name: String, _ file: PackedFile) throws(PackingError) -> IntegerOperation
  {
    let byte = try integer(UInt8.self)
    guard let tag = OperationTag(rawValue: byte) else {
      throw failure("node '\(name)' has operation \(byte)")
    }
    switch tag {
    case .input: return .input
    case .reshape: return .reshape
    case .convolution: return .convolution(try convolution(name, file))
    case .add:
      return .add(.init(first: try scale(), second: try scale(), result: try scale(), range: try range()))
    case .multiply: return .multiply(try scale(), try range(), headroom: Int(try integer(UInt8.self)))
    case .averageOnSameGrid: return .averagePool(try window(), .sameGrid(origin: try int()))
    case .averageRescaled:
      let window = try window()
      var scales: [FixedPointMultiplier] = []
      for _ in 0..<(try count(itemSize: 8)) { scales.append(try scale()) }
      return .averagePool(
        window,
        .rescaled(scales, countsPadding: try integer(UInt8.self) != 0, headroom: Int(try integer(UInt8.self)))
      )
    case .maxPool: return .maxPool(try window())
    case .concatenate:
      var tables: [[UInt8]] = []
      for _ in 0..<(try count(itemSize: 8)) { tables.append(try array(UInt8.self)) }
      return .concatenate(tables)
    case .slice: return .slice(first: try int())
    case .permuteChannels: return .permuteChannels(try array(Int.self))
    case .pad: return .pad(top: try int(), left: try int(), front: try int(), code: try integer(UInt8.self))
    case .table: return .table(try array(UInt8.self))
    }
  }

  private mutating func convolution(_ name: String, _ file: PackedFile) throws(PackingError)
    -> IntegerConvolution
  {
    let window = try window()
    let groups = try int()
    let bits = try int()
    let count = try int()
    let channels = try int()
    let byte = try integer(UInt8.self)
    guard let rounding = RequantizationRounding(rawValue: byte) else {
      throw failure("layer '\(name)' has rounding \(byte)")
    }
    let range = try range()
    let isWide = try integer(UInt8.self) != 0
    let headroom = Int(try integer(UInt8.self))
    let zeros = try file.section(name + "/zeros")
    let shifts = try file.section(name + "/shifts")
    let bias = try Self.integers(name + "/bias", channels, file)
    let multipliers = try Self.integers(name + "/multipliers", channels, file)
    guard zeros.count == channels, shifts.count == channels, count >= 0, count <= 1 << 40 else {
      throw failure(
        "layer '\(name)': \(channels) channels, \(zeros.count) zero points, \(shifts.count) shifts")
    }
    var scales: [FixedPointMultiplier] = []
    for (multiplier, shift) in zip(multipliers, shifts) {
      scales.append(try checked(multiplier, Int32(Int8(bitPattern: shift))))
    }
    var layer = IntegerConvolution(
      window: window, groups: groups,
      weights: try PackedCodes(bytes: file.section(name + "/codes"), count: count, bits: bits),
      zeroPoints: zeros.map { Int32($0) }, bias: bias, multipliers: scales, rounding: rounding, range: range,
      isWide: isWide)
    layer.headroom = headroom
    return layer
  }

  private static func integers(
    _ name: String, _ count: Int, _ file: PackedFile
  ) throws(PackingError) -> [Int32] {
    let bytes = try file.section(name)
    var reader = ByteReader(bytes, section: name)
    guard bytes.count.isMultiple(of: 4), bytes.count / 4 == count else {
      throw reader.failure("\(bytes.count) bytes for \(count) values")
    }
    var values: [Int32] = []
    for _ in 0..<count { values.append(try reader.integer(Int32.self)) }
    return values
  }
}
