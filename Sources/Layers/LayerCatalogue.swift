public import Tensors

/// What can be said about a hyper-parameter before a layer exists.
public struct AttributeSpecification: Sendable {
  /// The kinds of value a hyper-parameter takes.
  public enum Kind: Sendable, Hashable {
    /// A whole number in a range.
    case integer(ClosedRange<Int>)
    /// A real number in a range.
    case number(ClosedRange<Double>)
    /// true or false.
    case boolean
    /// `count` whole numbers in a range; one number stands for all of them.
    case integers(count: Int, ClosedRange<Int>)
  }
  /// The name in model files.
  public let name: String
  /// The values it takes.
  public let kind: Kind
  /// What it is when not given; `nil` when it must be given.
  public let defaultValue: LayerAttribute?
  /// One line for the manual.
  public let summary: String
}

/// One kind of layer: how recipes and model files name it, what it takes, how it is made.
public struct LayerEntry: Sendable {
  /// The name of the operation.
  public let kind: String
  /// One line for the manual.
  public let summary: String
  /// The number of inputs; `nil` for any number of at least 1.
  public let inputCount: Int?
  /// The hyper-parameters in order.
  public let attributes: [AttributeSpecification]
  let make: @Sendable (LayerAttributes, [Shape]) throws(LayerError) -> any Layer

  /// Makes a layer from hyper-parameters and the shapes of its inputs.
  ///
  /// - Throws: ``LayerError/invalid(_:)`` for an unknown, missing or mistyped hyper-parameter or a wrong number of inputs.
  public func layer(_ given: [String: LayerAttribute], inputs: [Shape]) throws(LayerError) -> any Layer {
    if let count = inputCount, inputs.count != count {
      throw .invalid("\(kind) reads \(count) input\(count == 1 ? "" : "s"), but \(inputs.count) are given")
    }
    let names = attributes.map(\.name)
    for name in given.keys.sorted() where !names.contains(name) {
      throw .invalid("\(kind) has no option '\(name)'. \(suggestion(for: name, among: names))")
    }
    var values: [String: LayerAttribute] = [:]
    for attribute in attributes {
      guard let value = given[attribute.name] ?? attribute.defaultValue else {
        throw .invalid("\(kind) needs the option '\(attribute.name)': \(attribute.summary)")
      }
      values[attribute.name] = try attribute.checked(value, kind)
    }
    return try make(LayerAttributes(values: values), inputs)
  }
}

extension AttributeSpecification {
  func checked(_ value: LayerAttribute, _ layer: String) throws(LayerError) -> LayerAttribute {
    switch (kind, value) {
    case (.integer(let range), .integer(let number)) where range.contains(number): return value
    case (.number(let range), .number(let number)) where range.contains(number): return value
    case (.number(let range), .integer(let number)) where range.contains(Double(number)):
      return .number(Double(number))
    case (.boolean, .boolean): return value
    case (.integers(let count, let range), .integer(let number)) where range.contains(number):
      return .integers([Int](repeating: number, count: count))
    case (.integers(let count, let range), .integers(let numbers))
    where numbers.count == count && numbers.allSatisfy(range.contains): return value
    default: throw .invalid("\(layer): \(name) is \(value.text), but must be \(kind.text)")
    }
  }
}

extension AttributeSpecification.Kind {
  /// The values as error messages and the manual name them.
  public var text: String {
    switch self {
    case .integer(let range): "an integer \(range.text)"
    case .number(LayerCatalogue.everyNumber): "a number"
    case .number(let range): "a number in \(range.lowerBound) ... \(range.upperBound)"
    case .boolean: "true or false"
    case .integers(let count, let range): "an integer, or a list of \(count), each \(range.text)"
    }
  }
}

extension ClosedRange<Int> {
  fileprivate var text: String {
    upperBound >= LayerCatalogue.noLimit ? "of at least \(lowerBound)" : "in \(lowerBound) ... \(upperBound)"
  }
}

extension LayerAttribute {
  /// The value as a Lua model file writes it.
  public var text: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .boolean(let value): "\(value)"
    case .integers(let values): "{ " + values.map(String.init).joined(separator: ", ") + " }"
    }
  }
}

/// Checked hyper-parameters, by name.
struct LayerAttributes: Sendable {
  let values: [String: LayerAttribute]

  func integer(_ name: String) -> Int {
    if case .integer(let value) = values[name] { return value }
    preconditionFailure("no integer attribute \(name)")
  }

  func number(_ name: String) -> Float {
    if case .number(let value) = values[name] { return Float(value) }
    preconditionFailure("no number attribute \(name)")
  }

  func boolean(_ name: String) -> Bool { values[name] == .boolean(true) }

  func integers(_ name: String) -> [Int] {
    if case .integers(let values) = values[name] { return values }
    preconditionFailure("no list attribute \(name)")
  }
}

/// Returns "Did you mean 'x'?" for the nearest name, or the list of names when none is near.
public func suggestion(for name: String, among names: [String]) -> String {
  let nearest = names.min { editDistance($0, name) < editDistance($1, name) }
  if let nearest, editDistance(nearest, name) <= max(2, name.count / 3) {
    return "Did you mean '\(nearest)'?"
  }
  return names.isEmpty ? "It takes none." : "It takes \(names.joined(separator: ", "))."
}

/// The number of single-character edits between two words (Levenshtein 1966).
public func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var row = Array(0...b.count)
  for i in 0..<a.count {
    var diagonal = row[0]
    row[0] = i + 1
    for j in 0..<b.count {
      let above = row[j + 1]
      row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1))
      diagonal = above
    }
  }
  return row[b.count]
}
