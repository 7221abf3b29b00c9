public import Bindings
import LuaRuntime
public import Runs

/// A sweep as a Lua file describes it.
///
///     return {
///       script = "../ptq_cifar10.lua",                       -- beside this file, or as given
///       fixed = { samples = 64 },
///       grid = { wbits = { 2, 4 }, method = { "nearest", "closed" } },
///       zip = { seed = { 1, 2 }, data = { "a", "b" } },
///       random = { count = 10, seed = 1, rate = { low = 1e-4, high = 1e-2, scale = "log" } },
///       list = { { wbits = 8, method = "nearest" } },
///       where = function(p) return p.wbits > 2 or p.method ~= "nearest" end,
///       priority = function(p) return -p.wbits end,
///       scheduler = { "halving", metric = "top1", resource = "iterations" },
///       inputs = { "weights.safetensors" }, retries = 1, time = 600, memory = 2 << 30, threads = 1,
///     }
public struct SweepFile {
  /// What the file describes; with a scheduler, what that plans at first.
  private let manifest: SweepManifest
  private let scheduler: (plugin: TrialScheduler, priority: (Parameters) throws -> Double)?

  private static let keys = [
    "name", "script", "fixed", "grid", "zip", "random", "list", "where", "priority", "inputs", "retries",
    "time", "memory", "threads", "scheduler",
  ]

  /// Runs a sweep's file and expands what it returns.
  ///
  /// - Throws: ``LuaError``, ``LuaUsageError`` that names file and field, or ``RunError``.
  public init(path: String, session: Session) throws {
    guard let text = readText(path) else { throw RunError.unreadable(path: path) }
    let lua = try LuaState()
    try ScriptRunner(session: session).prepare(lua)
    let folder = FileStatus.folder(of: path)
    let table = try lua.searching(folder) { try lua.evaluate(text, name: "@" + path) }
    guard case .table(let members) = table else {
      throw LuaUsageError("\(path): a sweep returns a table with 'script' and a grid, not \(table.shown)")
    }
    for (key, _) in members where !Self.keys.contains(key) {
      throw LuaUsageError("\(path): a sweep has no field '\(key)'. \(nearest(key, among: Self.keys))")
    }
    func place(_ name: String) -> String {
      let beside = "\(folder)/\(name)"
      return !name.hasPrefix("/") && FileStatus.exists(beside) ? beside : name
    }
    let stem = path.split(separator: "/").last.map { $0.hasSuffix(".lua") ? $0.dropLast(4) : $0 } ?? ""
    let combinations = try Self.combinations(table, path, lua)
    scheduler = try TrialScheduler(table["scheduler"], session: session, lua: lua).map { plugin in
      let priority = try Self.function(table, "priority", path)
      return (plugin, { [lua] in try Self.priority(priority, $0, path, lua) })
    }
    let first = try scheduler.map { scheduler in
      try scheduler.plugin.next(after: combinations.map { ($0.parameters, .new, [:]) }).map {
        ($0, try scheduler.priority($0))
      }
    }
    if first?.isEmpty == true {
      throw LuaUsageError(
        "\(path): the scheduler plans no trial at first. Its resource must not be a parameter of the sweep; look at its options."
      )
    }
    manifest = try SweepManifest(
      name: try Self.name(Self.text(table, "name", path) ?? String(stem), path),
      script: place(try Self.required(table, "script", path)),
      inputs: try Self.texts(table, "inputs", path).map(place), version: Library.version,
      limits: try Self.limits(table, path), combinations: first ?? combinations)
  }

  /// The manifest with all trials that the scheduler adds, given what the store knows of those before.
  ///
  /// - Throws: ``RunError``, or ``LuaError`` or ``LuaUsageError`` when the scheduler fails.
  public func manifest(knowing store: RunStore) throws -> SweepManifest {
    guard let scheduler else { return manifest }
    // What an exported command or a cluster left counts too; the folder is free again behind this.
    try BatchRunner.takeIn(SweepFolder(root: store.root, name: manifest.header.name), store)
    let found = try store.summaries(sweep: manifest.header.name)
    let results = Dictionary(uniqueKeysWithValues: found.map { ($0.id, $0) })
    var manifest = manifest
    while true {
      let known = manifest.trials.map { trial in
        (trial.parameters, results[trial.id]?.status ?? .new, results[trial.id]?.metrics ?? [:])
      }
      let more = try scheduler.plugin.next(after: known).map { ($0, try scheduler.priority($0)) }
      let longer = try manifest.adding(more)
      guard longer.trials.count > manifest.trials.count else { return manifest }
      manifest = longer
    }
  }

  private static func priority(
    _ function: LuaReference?, _ parameters: Parameters, _ path: String, _ lua: LuaState
  ) throws -> Double {
    // The state lives as long as its functions are called.
    try withExtendedLifetime(lua) {
      guard let function else { return 0 }
      let value = try function.result([luaTable(parameters)])
      guard let number = value.number else {
        throw wrong(path, "priority", value, "a function that returns a number")
      }
      return number
    }
  }

  private static func wrong(_ path: String, _ key: String, _ value: LuaValue?, _ expected: String)
    -> LuaUsageError
  {
    LuaUsageError("\(path): field '\(key)' is \(value?.shown ?? "missing"); expected \(expected)")
  }

  /// Names of Lua that differ in bytes which are no text are one.
  private static func dictionary<Value>(_ rows: [(String, Value)]) -> [String: Value] {
    Dictionary(rows) { first, _ in first }
  }

  private static func name(_ name: String, _ path: String) throws -> String {
    guard !name.isEmpty, name.utf8.count <= 100,
      name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) }),
      !name.hasPrefix(".")
    else { throw wrong(path, "name", .string(name), "letters, digits, _, - and dots, no dot first") }
    return name
  }

  private static func text(_ table: LuaValue, _ key: String, _ path: String) throws -> String? {
    guard let value = table[key] else { return nil }
    guard let text = value.text else { throw wrong(path, key, value, "a text") }
    return text
  }

  private static func required(_ table: LuaValue, _ key: String, _ path: String) throws -> String {
    guard let text = try text(table, key, path) else { throw wrong(path, key, nil, "a text") }
    return text
  }

  private static func texts(_ table: LuaValue, _ key: String, _ path: String) throws -> [String] {
    guard let value = table[key] else { return [] }
    let texts = (value.elements ?? []).compactMap(\.text)
    guard let elements = value.elements, texts.count == elements.count else {
      throw wrong(path, key, value, "a list of paths")
    }
    return texts
  }

  private static func limits(_ table: LuaValue, _ path: String) throws -> TrialLimits {
    var limits = TrialLimits()
    func count(_ key: String, _ low: Int, _ fallback: Int) throws -> Int {
      guard let value = table[key] else { return fallback }
      guard let number = value.integer, number >= low, number <= 1 << 50 else {
        throw wrong(path, key, value, "a whole number of at least \(low)")
      }
      return number
    }
    if let value = table["time"] {
      guard let seconds = value.number, seconds > 0, seconds <= 1e9 else {
        throw wrong(path, "time", value, "seconds above 0, at most 1e9")
      }
      limits.seconds = seconds
    }
    limits.memory = try count("memory", 1, 0)
    limits.retries = try count("retries", 0, 0)
    limits.threads = try count("threads", 1, 1)
    return limits
  }

  private static func combinations(_ table: LuaValue, _ path: String, _ lua: LuaState) throws -> [(
    parameters: Parameters, priority: Double
  )] {
    var space = SweepSpace()
    space.fixed = try parameters(table["fixed"], "fixed", path)
    space.grid = try lists(table["grid"], "grid", path)
    space.zip = try lists(table["zip"], "zip", path)
    if Set(space.zip.values.map(\.count)).count > 1 {
      let counts = space.zip.sorted { $0.key < $1.key }.map { "\($0.key) has \($0.value.count)" }
      throw LuaUsageError(
        "\(path): the lists of 'zip' are not equally long: \(counts.joined(separator: ", "))")
    }
    space.random = try draws(table["random"], path)
    space.list = try (table["list"]?.elements ?? []).map { try parameters($0, "list", path) }
    var result = space.combinations.map { (parameters: $0, priority: 0.0) }
    if let condition = try function(table, "where", path) {
      result = try result.filter { try condition.result([luaTable($0.parameters)]).boolean ?? false }
    }
    if let function = try function(table, "priority", path) {
      result = try result.map { ($0.parameters, try priority(function, $0.parameters, path, lua)) }
    }
    guard !result.isEmpty else {
      throw LuaUsageError("\(path): the sweep has no trial; its lists or 'where' leave nothing")
    }
    return result
  }

  private static func luaTable(_ parameters: Parameters) -> LuaValue {
    .table(parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value.luaValue) })
  }

  private static func function(_ table: LuaValue, _ key: String, _ path: String) throws -> LuaReference? {
    switch table[key] {
    case nil: nil
    case .function(let reference): reference
    case .some(let other): throw wrong(path, key, other, "a function")
    }
  }

  private static func members(_ value: LuaValue?, _ key: String, _ path: String) throws -> [(
    key: String, value: LuaValue
  )] {
    switch value {
    case nil: return []
    case .table(let members): return members
    case .list(let elements) where elements.isEmpty: return []
    case .some(let other): throw wrong(path, key, other, "a table with names as keys")
    }
  }

  private static func parameters(_ value: LuaValue?, _ key: String, _ path: String) throws -> Parameters {
    try Self.dictionary(
      members(value, key, path).map { name, value in
        guard let parameter = ParameterValue(value) else {
          throw wrong(path, "\(key).\(name)", value, "a text, a number or a truth value")
        }
        return (name, parameter)
      })
  }

  private static func list(_ value: LuaValue, _ key: String, _ path: String) throws -> [ParameterValue] {
    let values = (value.elements ?? []).compactMap { ParameterValue($0) }
    guard let elements = value.elements, !elements.isEmpty, values.count == elements.count else {
      throw wrong(path, key, value, "a list of texts, numbers or truth values")
    }
    return values
  }

  private static func lists(_ value: LuaValue?, _ key: String, _ path: String) throws -> [String:
    [ParameterValue]]
  {
    try Self.dictionary(
      members(value, key, path).map {
        ($0.key, try list($0.value, "\(key).\($0.key)", path))
      })
  }

  private static func draws(_ value: LuaValue?, _ path: String) throws -> SweepSpace.RandomDraws? {
    guard let value else { return nil }
    let rows = try members(value, "random", path)
    guard let count = value["count"]?.integer, count > 0 else {
      throw wrong(path, "random.count", value["count"], "a whole number of at least 1")
    }
    let ranges = try rows.filter { $0.key != "count" && $0.key != "seed" }.map { name, value in
      (name, try range(value, "random.\(name)", path))
    }
    return SweepSpace.RandomDraws(
      count: count, seed: UInt64(max(0, value["seed"]?.integer ?? 1)),
      ranges: Self.dictionary(ranges))
  }

  private static func range(_ value: LuaValue, _ key: String, _ path: String) throws -> SweepSpace.Range {
    if value.elements != nil { return .choice(try list(value, key, path)) }
    let expected = "a list, or { low = …, high = …, scale = \"log\" }"
    guard let low = value["low"]?.number, let high = value["high"]?.number, low <= high else {
      throw wrong(path, key, value, expected)
    }
    switch value["scale"]?.text {
    case "log" where low > 0: return .logarithmic(low, high)
    case nil:
      if case .integer(let low)? = value["low"], case .integer(let high)? = value["high"] {
        guard !high.subtractingReportingOverflow(low).overflow, high - low < 1 << 52 else {
          throw wrong(path, key, value, "whole numbers less than 2^52 apart")
        }
        return .integer(low, high)
      }
      return .uniform(low, high)
    default: throw wrong(path, key, value, expected + " with bounds above 0")
    }
  }
}
