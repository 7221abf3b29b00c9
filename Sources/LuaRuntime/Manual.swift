/// What the binding tables document, by name: the text of `augq help` and of `?name` in the REPL.
public struct Manual: Sendable {
  /// What an entry is about.
  public enum Topic: Sendable {
    case module(LuaModule)
    case function(LuaFunction)
    case type(LuaType)
    case property(LuaProperty)
    /// An option of the function with the given qualified name.
    case option(LuaOption, of: String)
  }

  /// One documented thing.
  public struct Entry: Sendable {
    /// The qualified name: `augq.quantize`, `augq.Tensor:sum`, `augq.Tensor.shape`.
    public let name: String
    /// What it is about.
    public let topic: Topic
    /// The part of the name that scripts write last.
    var lastPart: Substring {
      name[(name.lastIndex { ".:".contains($0) }.map(name.index(after:)) ?? name.startIndex)...]
    }
  }

  /// Modules, functions, classes, methods and properties, in the order of the tables.
  public let entries: [Entry]
  private let root: String

  /// Reads the tables of a module.
  public init(_ module: LuaModule) {
    root = module.name
    entries = Self.entries(of: module, path: module.name)
  }

  private static func entries(of module: LuaModule, path: String) -> [Entry] {
    [Entry(name: path, topic: .module(module))]
      + module.functions.map { Entry(name: "\(path).\($0.name)", topic: .function($0)) }
      + module.types.flatMap(entries)
      + module.modules.flatMap { entries(of: $0, path: "\(path).\($0.name)") }
  }

  private static func entries(of type: LuaType) -> [Entry] {
    [Entry(name: type.name, topic: .type(type))]
      + type.properties.map { Entry(name: "\(type.name).\($0.name)", topic: .property($0)) }
      + type.methods.map { Entry(name: "\(type.name):\($0.name)", topic: .function($0)) }
  }

  /// The modules, the root first.
  public var modules: [Entry] { entries.filter { if case .module = $0.topic { true } else { false } } }

  /// The function with a qualified name.
  public func function(_ name: String) -> LuaFunction? {
    for entry in entries where entry.name == name {
      if case .function(let row) = entry.topic { return row }
    }
    return nil
  }

  /// The class with a qualified name.
  public func type(_ name: String) -> LuaType? {
    for entry in entries where entry.name == name { if case .type(let row) = entry.topic { return row } }
    return nil
  }

  /// The entries a user may mean: the exact name, else the name behind the root, else the last part of names, else any
  /// of these in another case, else an option of a function; `.` and `:` are the same.
  public func entries(named name: String) -> [Entry] {
    let wanted = name.normalized
    let isMeant: [(String) -> Bool] = [
      { $0 == wanted }, { $0 == "\(root).\(wanted)" }, { $0.hasSuffix(".\(wanted)") },
      { $0.lowercased() == "\(root).\(wanted)".lowercased() },
      { $0.lowercased().hasSuffix(".\(wanted)".lowercased()) },
    ]
    for rule in isMeant {
      let found = entries.filter { rule($0.name.normalized) }
      if !found.isEmpty { return found }
    }
    return options(named: wanted)
  }

  private func options(named name: String) -> [Entry] {
    guard let dot = name.lastIndex(of: ".") else { return [] }
    return entries(named: String(name[..<dot])).compactMap { entry in
      guard case .function(let row) = entry.topic,
        let option = row.options.first(where: { $0.name == name[name.index(after: dot)...] })
      else { return nil }
      return Entry(name: "\(entry.name).\(option.name)", topic: .option(option, of: entry.name))
    }
  }

  /// The names nearest to one that nothing has, at most three.
  public func suggestions(for name: String) -> [String] {
    let wanted = name.normalized.lowercased()
    let last = wanted.split(separator: ".").last.map(String.init) ?? ""
    // Of the whole names and of the last parts: the distance, when it is near.
    func distance(_ candidate: String, _ wanted: String) -> Int? {
      let distance = editDistance(candidate.lowercased(), wanted)
      return distance <= max(2, wanted.count / 3) ? distance : nil
    }
    let near = entries.compactMap { entry in
      [distance(entry.name.normalized, wanted), distance(String(entry.lastPart), last)].compactMap { $0 }
        .min()
        .map { (name: entry.name, distance: $0) }
    }
    return near.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
  }

  /// The documentation of a name; the text of an error that suggests others when there is none.
  public func text(for name: String) -> Result<String, LuaUsageError> {
    let found = entries(named: name)
    guard found.isEmpty else { return .success(found.map(\.text).joined(separator: "\n")) }
    let names = suggestions(for: name)
    let hint =
      names.isEmpty ? "'augq help' lists the modules." : "Did you mean \(names.joined(separator: " or "))?"
    return .failure(LuaUsageError("nothing is documented as '\(name)'. \(hint)"))
  }

  /// The modules and what they are for.
  public var overview: String {
    HelpText.section("modules", modules.map { ($0.name, $0.summary) })
      + "\n'augq help NAME' tells more of a module, function, class, method or option; in 'augq repl', '?NAME' does.\n"
  }
}

extension String {
  fileprivate var normalized: String { String(map { $0 == ":" ? "." : $0 }) }
}
