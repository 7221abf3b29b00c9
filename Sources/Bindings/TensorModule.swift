import Interchange
import LuaRuntime
import Tensors

/// `augq.tensor`: FP32 arrays in scripts.
enum TensorModule {
  static let module = LuaModule(
    "tensor", "Dense FP32 arrays in row-major order.",
    functions: [
      LuaFunction(
        "zeros", "Makes a tensor of zeros.",
        parameters: [LuaParameter("shape", "integer[]", "extents, outermost first")],
        returns: "augq.Tensor"
      ) { call in .object(TensorObject(Tensor(zeros: try shape(call, 0)))) },
      LuaFunction(
        "full", "Makes a tensor with every value equal.",
        parameters: [
          LuaParameter("shape", "integer[]", "extents, outermost first"),
          LuaParameter("value", "number", "every value"),
        ], returns: "augq.Tensor"
      ) { call in .object(TensorObject(Tensor(try shape(call, 0), repeating: Float(try call.number(1))))) },
      LuaFunction(
        "of", "Makes a tensor from a list of values.",
        parameters: [
          LuaParameter("shape", "integer[]", "extents, outermost first"),
          LuaParameter("values", "number[]", "values in row-major order"),
        ], returns: "augq.Tensor"
      ) { call in
        let (shape, values) = (try shape(call, 0), try call.numbers(1))
        guard values.count == shape.count else {
          throw LuaUsageError("a tensor \(shape) needs \(shape.count) values, but \(values.count) are given")
        }
        return .object(TensorObject(Tensor(shape, values.map(Float.init))))
      },
      LuaFunction(
        "load", "Reads one floating-point tensor of a safetensors file, as it is stored.",
        parameters: [
          LuaParameter("path", "string", "the file"), LuaParameter("name", "string", "the tensor's name"),
        ], returns: "augq.Tensor"
      ) { call in
        .object(
          TensorObject(try SafetensorsFile(path: try call.path(0, for: .read)).tensor(try call.string(1))))
      },
      LuaFunction(
        "normal", "Draws standard normal values.",
        parameters: [
          LuaParameter("shape", "integer[]", "extents, outermost first"),
          LuaParameter("seed", "integer", "seed of the draw"),
        ], returns: "augq.Tensor"
      ) { call in
        var random = RandomSource(seed: UInt64(bitPattern: Int64(try call.integer(1))))
        let shape = try shape(call, 0)
        let drawn = Tensor(shape) { target in
          for index in target.indices { target[index] = random.normal() }
        }
        return .object(TensorObject(drawn))
      },
    ],
    types: [type])

  private static func shape(_ call: LuaCall, _ index: Int) throws -> Shape {
    let extents = try call.integers(index)
    guard extents.allSatisfy({ $0 >= 0 }) else { throw call.wrong(index, "a list of extents of at least 0") }
    guard let count = Shape(extents).checkedCount, count < 1 << 33 else {
      throw LuaUsageError("a tensor \(Shape(extents)) is larger than 2^33 values. Make it smaller.")
    }
    try call.lua.reserve(bytes: count * MemoryLayout<Float>.stride, for: "a tensor \(Shape(extents))")
    return Shape(extents)
  }

  private static let type = LuaType(
    "augq.Tensor", "A dense FP32 array with value semantics.", for: TensorObject.self,
    methods: [
      LuaFunction(
        "reshape", "Returns the same values under another shape.",
        parameters: [LuaParameter("shape", "integer[]", "extents of the same count")], returns: "augq.Tensor"
      ) { call in
        let (tensor, shape) = (try call.receiver(TensorObject.self).value, try shape(call, 0))
        guard shape.count == tensor.count else {
          throw LuaUsageError(
            "a tensor \(tensor.shape) has \(tensor.count) values; \(shape) needs \(shape.count)")
        }
        return .object(TensorObject(tensor.reshaped(shape)))
      },
      LuaFunction("values", "Returns the values as a list.", returns: "number[]") { call in
        let tensor = try call.receiver(TensorObject.self).value
        // An element takes 16 bytes in Lua's table and 24 on the way there.
        try call.lua.reserve(bytes: 40 * tensor.count, for: "a list of \(tensor.count) numbers")
        return .list(tensor.withValues { $0.map { .number(Double($0)) } })
      },
      LuaFunction("sum", "Returns the sum of all values, accumulated in double.", returns: "number") { call in
        .number(try call.receiver(TensorObject.self).value.withValues { $0.reduce(0.0) { $0 + Double($1) } })
      },
      LuaFunction("min", "Returns the least value, NaN left out; NaN when there is none.", returns: "number")
      { call in
        .number(Double(try call.receiver(TensorObject.self).value.extremes?.low ?? .nan))
      },
      LuaFunction(
        "max", "Returns the largest value, NaN left out; NaN when there is none.", returns: "number"
      ) { call in
        .number(Double(try call.receiver(TensorObject.self).value.extremes?.high ?? .nan))
      },
      LuaFunction(
        "touch", "Does nothing with another tensor: measures the cost of a call.",
        parameters: [LuaParameter("other", "augq.Tensor", "any tensor")]
      ) { call in
        _ = try call.receiver(TensorObject.self)
        _ = try call.object(TensorObject.self, 0)
        return .none
      },
    ] + TensorFunctions.methods,
    properties: [
      LuaProperty("shape", "integer[]", "extents, outermost first") { call in
        .list(try call.receiver(TensorObject.self).value.shape.dimensions.map { .integer($0) })
      },
      LuaProperty("count", "integer", "number of values") { call in
        .integer(try call.receiver(TensorObject.self).value.count)
      },
    ],
    operators: [
      (.add, { try combined($0, "+") }), (.subtract, { try combined($0, "-") }),
      (.multiply, { try combined($0, "*") }), (.divide, { try combined($0, "/") }),
      (
        .negate,
        { call in
          .object(
            TensorObject(.elementwise(try call.object(TensorObject.self, 0).value, scale: -1, shift: 0)))
        }
      ),
      (.length, { call in .integer(try call.object(TensorObject.self, 0).value.count) }),
      (
        .equal,
        { call in
          // Lua asks for any two userdata: a tensor equals nothing else.
          guard let a = try call.optionalObject(TensorObject.self, 0)?.value,
            let b = try call.optionalObject(TensorObject.self, 1)?.value
          else { return .boolean(false) }
          return .boolean(a.shape == b.shape && a.values == b.values)
        }
      ),
    ],
    subscripting: { call in
      let tensor = try call.receiver(TensorObject.self).value
      guard let index = call.value(0).integer, (1...max(1, tensor.count)).contains(index), tensor.count > 0
      else {
        throw LuaUsageError("index \(call.value(0).shown) is outside 1 ... \(tensor.count)")
      }
      return .number(Double(tensor[index - 1]))
    },
    bytes: { $0.value.storage.byteCount },
    description: { object in
      let values = object.value.values
      let corner = values.prefix(6).map { "\($0)" }.joined(separator: ", ")
      return "Tensor \(object.value.shape) {\(corner)\(values.count > 6 ? ", …" : "")}"
    }, inspection: { TensorInspection.text($0.value) })

  private static func combined(_ call: LuaCall, _ symbol: Character) throws -> LuaValue {
    let left = try call.optionalObject(TensorObject.self, 0)?.value
    let right = try call.optionalObject(TensorObject.self, 1)?.value
    if let left, let right {
      guard left.shape == right.shape else {
        throw LuaUsageError(
          "shapes \(left.shape) and \(right.shape) differ; '\(symbol)' needs equal ones or a number")
      }
      return .object(TensorObject(.elementwise(left, symbol, right)))
    }
    guard let tensor = left ?? right else { throw call.wrong(0, "an augq.Tensor") }
    let number = Float(try call.number(left == nil ? 0 : 1))
    return .object(TensorObject(try withNumber(tensor, symbol, number, numberFirst: left == nil)))
  }

  private static func withNumber(
    _ x: Tensor, _ symbol: Character, _ number: Float, numberFirst: Bool
  ) throws -> Tensor {
    switch (symbol, numberFirst) {
    case ("+", _): .elementwise(x, scale: 1, shift: number)
    case ("*", _): .elementwise(x, scale: number, shift: 0)
    case ("-", false): .elementwise(x, scale: 1, shift: -number)
    case ("-", true): .elementwise(x, scale: -1, shift: number)
    case (_, false): .elementwise(x, "/", Tensor(x.shape, repeating: number))
    default: .elementwise(Tensor(x.shape, repeating: number), "/", x)
    }
  }
}
