import CPluginABI
#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LuaRuntime
import Tensors

/// The functions of a package's shared library, after `augq_plugin.h`.
///
/// The library stays loaded until the process ends.
final class NativeLibrary {
  /// Where a package keeps its library: `native/<machine>-<system>/lib<package>.so`.
  static func path(package: String) -> String {
    #if arch(arm64)
      let machine = "arm64"
    #else
      let machine = "x86_64"
    #endif
    #if os(macOS)
      return "native/\(machine)-macos/lib\(package).dylib"
    #else
      return "native/\(machine)-linux/lib\(package).so"
    #endif
  }

  /// What the library added, in order.
  private(set) var functions: [LuaFunction] = []
  /// What the library sees of the program; it may keep the pointer, so that it is never freed.
  private let host: UnsafeMutablePointer<augq_host>
  private let package: String
  private let cancellation: Cancellation

  /// Loads a library and lets it add its functions.
  ///
  /// - Throws: ``LuaUsageError`` when it cannot be loaded, has no `augq_plugin_init`, or declines.
  init(path: String, package: String, cancellation: Cancellation) throws {
    self.package = package
    self.cancellation = cancellation
    host = .allocate(capacity: 1)
    host.initialize(to: Self.table)
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw LuaUsageError("\(path): cannot be loaded: \(String(cString: dlerror())). Build it again.")
    }
    guard let symbol = dlsym(library, "augq_plugin_init") else {
      // Else the next attempt would find this library again instead of one that was built anew.
      dlclose(library)
      throw LuaUsageError("\(path): exports no augq_plugin_init. See augq_plugin.h.")
    }
    let start = unsafeBitCast(symbol, to: augq_plugin_init_function.self)
    host.pointee.registry = Unmanaged.passUnretained(self).toOpaque()
    let code = start(host)
    host.pointee.registry = nil
    guard code == 0 else {
      throw LuaUsageError("\(path): augq_plugin_init returned \(code); it does not work with this augq.")
    }
  }

  /// The table of functions that libraries see; `registry` only while they start.
  private nonisolated(unsafe) static let table = augq_host(
    size: MemoryLayout<augq_host>.size, major: UInt32(AUGQ_PLUGIN_MAJOR), minor: UInt32(AUGQ_PLUGIN_MINOR),
    registry: nil,
    add: { host, name, summary, tensors, numbers, function, context in
      guard let registry = host?.pointee.registry, let name, let function else { return -1 }
      let library = Unmanaged<NativeLibrary>.fromOpaque(registry).takeUnretainedValue()
      let row = NativeFunction(
        name: String(cString: name), tensors: Int(tensors), numbers: Int(numbers), body: function,
        context: UInt(bitPattern: context), host: UInt(bitPattern: host))
      return library.add(row, summary.map { String(cString: $0) } ?? "") ? 0 : -1
    },
    result: { call, rank, shape in
      guard let call, let shape, (1...8).contains(rank) else { return nil }
      return NativeCall.of(call).makeResult(
        UnsafeBufferPointer(start: shape, count: Int(rank)).map { Int($0) })
    },
    fail: { call, message in
      if let call { NativeCall.of(call).message = message.map { String(cString: $0) } ?? "failed" }
    },
    is_cancelled: { call in call.map { NativeCall.of($0).cancellation.isCancelled } ?? false ? 1 : 0 })

  private func add(_ row: NativeFunction, _ summary: String) -> Bool {
    guard PluginEntry.isName(row.name), !functions.contains(where: { $0.name == row.name }),
      row.tensors >= 0, row.numbers >= 0, row.tensors + row.numbers <= 16
    else { return false }
    let (package, cancellation) = (package, cancellation)
    let parameters =
      (0..<row.tensors).map { LuaParameter("tensor\($0 + 1)", "augq.Tensor", "a tensor") }
      + (0..<row.numbers).map { LuaParameter("number\($0 + 1)", "number", "a number") }
    functions.append(
      LuaFunction(row.name, summary, parameters: parameters, returns: "augq.Tensor") { call in
        let tensors = try (0..<row.tensors).map { try call.object(TensorObject.self, $0).value }
        let numbers = try (0..<row.numbers).map { try call.number(row.tensors + $0) }
        for (index, tensor) in tensors.enumerated()
        where !(1...8).contains(tensor.shape.rank) || tensor.count == 0 {
          throw LuaUsageError(
            "argument \(index + 1) (tensor\(index + 1)) is a tensor \(tensor.shape); native code takes 1 ... 8 axes and no empty tensor"
          )
        }
        let native = NativeCall(reserve: call.lua.reserve, cancellation)
        let result = try native.run(row, tensors, numbers, package)
        return .object(TensorObject(result))
      })
    return true
  }
}

/// A function that a library added.
private struct NativeFunction: Sendable {
  let name: String
  let tensors: Int
  let numbers: Int
  let body: augq_function
  /// The library's pointer, which is its own business.
  let context: UInt
  /// The library's `augq_host`.
  let host: UInt
}

/// What a library sees of one call, behind `augq_call`.
private final class NativeCall {
  let cancellation: Cancellation
  var message: String?
  private let reserve: (_ bytes: Int, _ purpose: String) throws -> Void
  private var result: Tensor?
  private var refusal: (any Error)?

  init(reserve: @escaping (_ bytes: Int, _ purpose: String) throws -> Void, _ cancellation: Cancellation) {
    self.reserve = reserve
    self.cancellation = cancellation
  }

  static func of(_ call: OpaquePointer) -> NativeCall {
    Unmanaged<NativeCall>.fromOpaque(UnsafeRawPointer(call)).takeUnretainedValue()
  }

  func makeResult(_ sizes: [Int]) -> UnsafeMutablePointer<Float>? {
    guard result == nil, sizes.allSatisfy({ $0 > 0 }), let count = Shape(sizes).checkedCount, count < 1 << 40
    else { return nil }
    do { try reserve(4 * count, "the result of native code") } catch {
      refusal = error
      return nil
    }
    result = Tensor(zeros: Shape(sizes))
    // Nobody else has the storage while the function runs.
    return result?.withMutableValues { $0.baseAddress }
  }

  func run(_ row: NativeFunction, _ tensors: [Tensor], _ numbers: [Double], _ package: String) throws
    -> Tensor
  {
    let call = OpaquePointer(Unmanaged.passUnretained(self).toOpaque())
    // The pointers hold while `tensors` and `shapes` live.
    let shapes = tensors.flatMap { $0.shape.dimensions.map(Int64.init) }
    shapes.withUnsafeBufferPointer { shapes in
      var next = shapes.baseAddress
      let views = tensors.map { tensor in
        defer { next = next?.advanced(by: tensor.shape.rank) }
        return augq_tensor(
          values: tensor.withValues { $0.baseAddress }, count: tensor.count, shape: next,
          rank: Int32(tensor.shape.rank))
      }
      withExtendedLifetime(tensors) {
        row.body(
          UnsafePointer(bitPattern: row.host), call, views, numbers,
          UnsafeMutableRawPointer(bitPattern: row.context))
      }
    }
    try cancellation.check()
    if let refusal { throw refusal }
    if let message { throw LuaUsageError("native.\(row.name) of package '\(package)': \(message)") }
    guard let result else {
      throw LuaUsageError("native.\(row.name) of package '\(package)' ended without a result")
    }
    return result
  }
}
