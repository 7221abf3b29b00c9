#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LuaRuntime
import Tensors

/// Element-wise functions, choices and statistics of tensors, one row each: what plugins compute with.
enum TensorFunctions {
  static var methods: [LuaFunction] { unary + binary + choices + statistics }

  private static let unary: [LuaFunction] = [
    row("abs", "magnitudes") { abs($0) },
    row("sign", "-1, 0 or 1") { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 },
    row("round", "nearest whole numbers, half to even") { $0.rounded(.toNearestOrEven) },
    row("floor", "largest whole numbers not above the values") { $0.rounded(.down) },
    row("ceil", "least whole numbers not below the values") { $0.rounded(.up) },
    row("exp", "e to the power of the values") { expf($0) },
    row("log", "natural logarithms") { logf($0) },
    row("sqrt", "square roots") { $0.squareRoot() },
    row("tanh", "hyperbolic tangents") { tanhf($0) },
    row("sigmoid", "1 / (1 + exp(-x))") { 1 / (1 + expf(-$0)) },
  ]

  private static let binary: [LuaFunction] = [
    row2("minimum", "The lesser of each value and another.") { min($0, $1) },
    row2("maximum", "The larger of each value and another.") { max($0, $1) },
    row2("power", "Each value to the power of another.") { powf($0, $1) },
    row2("less", "1 where a value is less than another, else 0.") { $0 < $1 ? 1 : 0 },
    row2("less_equal", "1 where a value is at most another, else 0.") { $0 <= $1 ? 1 : 0 },
    row2("greater", "1 where a value is greater than another, else 0.") { $0 > $1 ? 1 : 0 },
    row2("equal", "1 where a value equals another, else 0.") { $0 == $1 ? 1 : 0 },
  ]

  private static let choices: [LuaFunction] = [
    LuaFunction(
      "clamp", "Returns the values cut off at two bounds.",
      parameters: [
        LuaParameter("low", "number", "least value"), LuaParameter("high", "number", "largest value"),
      ],
      returns: "augq.Tensor"
    ) { call in
      let (low, high) = (Float(try call.number(0)), Float(try call.number(1)))
      guard low <= high else {
        throw LuaUsageError("the bounds are \(low) ... \(high); give the lower one first")
      }
      return try made(call) { min(high, max(low, $0)) }
    },
    LuaFunction(
      "choose", "Returns values of one tensor where this one is not 0, of another where it is.",
      parameters: [
        LuaParameter("one", "augq.Tensor|number", "where this is not 0"),
        LuaParameter("other", "augq.Tensor|number", "where this is 0"),
      ], returns: "augq.Tensor"
    ) { call in
      let mask = try call.receiver(TensorObject.self).value
      let (one, other) = (try operand(call, 0, mask), try operand(call, 1, mask))
      return .object(
        TensorObject(
          Tensor(mask.shape) { target in
            for i in target.indices { target[i] = mask[i] != 0 ? one(i) : other(i) }
          }))
    },
    LuaFunction(
      "bucketize",
      "Returns how many of some rising edges are at or below each value: the interval's index, from 0.",
      parameters: [LuaParameter("edges", "number[]", "rising edges")], returns: "augq.Tensor"
    ) { call in
      let edges = try call.numbers(0).map(Float.init)
      guard zip(edges, edges.dropFirst()).allSatisfy({ $0 < $1 }) else {
        throw call.wrong(0, "a rising list of numbers")
      }
      return try made(call) { value in
        var (low, high) = (0, edges.count)
        while low < high {
          let middle = (low + high) / 2
          if edges[middle] <= value { low = middle + 1 } else { high = middle }
        }
        return Float(low)
      }
    },
    LuaFunction(
      "take", "Returns the entry of a list that each value, 0, 1, …, stands for.",
      parameters: [LuaParameter("entries", "number[]", "entry of 0 first")], returns: "augq.Tensor"
    ) { call in
      let entries = try call.numbers(0).map(Float.init)
      let codes = try call.receiver(TensorObject.self).value
      let all = codes.values
      if let bad = all.first(where: { !($0 >= 0 && $0 < Float(entries.count) && $0 == $0.rounded()) }) {
        throw LuaUsageError("the tensor holds \(bad); take needs whole numbers in 0 ... \(entries.count - 1)")
      }
      return .object(TensorObject(Tensor(codes.shape, all.map { entries[Int($0)] })))
    },
    LuaFunction(
      "rows", "Returns the rows first ... last of the first dimension, counted from 1.",
      parameters: [
        LuaParameter("first", "integer", "first row"), LuaParameter("last", "integer", "last row, included"),
      ], returns: "augq.Tensor"
    ) { call in
      let tensor = try call.receiver(TensorObject.self).value
      let count = tensor.shape.rank > 0 ? tensor.shape[0] : 0
      guard count > 0 else {
        throw LuaUsageError("a tensor \(tensor.shape) has no rows; give one with values")
      }
      let first = try call.integer(0, in: 1...count)
      return .object(TensorObject(tensor.rows(first - 1..<(try call.integer(1, in: first...count)))))
    },
    LuaFunction("sorted", "Returns all values in rising order, as a vector.", returns: "augq.Tensor") {
      call in
      let values = try call.receiver(TensorObject.self).value.values.sorted()
      return .object(TensorObject(Tensor([values.count], values)))
    },
  ]

  private static let statistics: [LuaFunction] = [
    LuaFunction("mean", "Returns the mean, accumulated in double.", returns: "number") { call in
      .number(moments(try call.receiver(TensorObject.self).value).mean)
    },
    LuaFunction("deviation", "Returns the standard deviation (of n values, not n - 1).", returns: "number") {
      call in
      .number(moments(try call.receiver(TensorObject.self).value).variance.squareRoot())
    },
    LuaFunction(
      "quantile", "Returns the value below which a share of the values lies, interpolated.",
      parameters: [LuaParameter("share", "number", "0 ... 1")], returns: "number"
    ) { call in
      let share = try call.number(0)
      let values = try call.receiver(TensorObject.self).value.values.sorted()
      guard (0...1).contains(share) else { throw call.wrong(0, "a number in 0 ... 1") }
      guard !values.isEmpty else { return .number(.nan) }
      let place = share * Double(values.count - 1)
      let low = Int(place)
      let high = min(values.count - 1, low + 1)
      return .number(
        Double(values[low]) + (place - Double(low)) * (Double(values[high]) - Double(values[low])))
    },
  ]

  private static func moments(_ tensor: Tensor) -> (mean: Double, variance: Double) {
    tensor.withValues { values in
      let count = Double(max(1, values.count))
      let mean = values.reduce(0.0) { $0 + Double($1) } / count
      return (mean, values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count)
    }
  }

  private static func made(_ call: LuaCall, _ body: (Float) -> Float) throws -> LuaValue {
    let tensor = try call.receiver(TensorObject.self).value
    return .object(
      TensorObject(
        Tensor(tensor.shape) { target in
          tensor.withValues { source in for i in source.indices { target[i] = body(source[i]) } }
        }))
  }

  private static func row(_ name: String, _ what: String, _ body: @escaping @Sendable (Float) -> Float)
    -> LuaFunction
  {
    LuaFunction(name, "Returns the \(what).", returns: "augq.Tensor") { try made($0, body) }
  }

  private static func row2(
    _ name: String, _ summary: String, _ body: @escaping @Sendable (Float, Float) -> Float
  ) -> LuaFunction {
    LuaFunction(
      name, summary,
      parameters: [LuaParameter("other", "augq.Tensor|number", "a tensor of the same shape, or a number")],
      returns: "augq.Tensor"
    ) { call in
      let tensor = try call.receiver(TensorObject.self).value
      let other = try operand(call, 0, tensor)
      return .object(
        TensorObject(
          Tensor(tensor.shape) { target in for i in target.indices { target[i] = body(tensor[i], other(i)) } }
        ))
    }
  }

  /// The values of an argument that is a number or a tensor of a shape.
  private static func operand(_ call: LuaCall, _ index: Int, _ like: Tensor) throws -> (Int) -> Float {
    guard let tensor = try call.optionalObject(TensorObject.self, index)?.value else {
      let number = Float(try call.number(index))
      return { _ in number }
    }
    guard tensor.shape == like.shape else {
      throw LuaUsageError("shapes \(like.shape) and \(tensor.shape) differ; give equal ones or a number")
    }
    return { tensor[$0] }
  }
}
