/// Writes LuaCATS stubs from the binding tables, for editors and for `augq docs`.
public enum StubWriter {
  /// Returns the text of a `---@meta` file that declares every function, option and class of a module.
  public static func stubs(for module: LuaModule) -> String {
    var lines = [
      "---@meta augq", "-- Generated from the binding tables by `augq docs --write`; do not edit.", "",
    ]
    append(module, path: module.name, to: &lines)
    lines += ["return \(module.name)", ""]
    return lines.joined(separator: "\n")
  }

  private static func append(_ module: LuaModule, path: String, to lines: inout [String]) {
    for type in module.types { append(type, to: &lines) }
    lines += ["---\(module.summary)", path.contains(".") ? "\(path) = {}" : "local \(path) = {}", ""]
    for function in module.functions { append(function, prefix: "\(path).", to: &lines) }
    for submodule in module.modules { append(submodule, path: "\(path).\(submodule.name)", to: &lines) }
  }

  private static func append(_ type: LuaType, to lines: inout [String]) {
    let local = type.name.split(separator: ".").last.map(String.init) ?? type.name
    lines += ["---\(type.summary)", "---@class \(type.name)"]
    for property in type.properties {
      lines.append("---@field \(property.name) \(property.type) \(property.summary)")
    }
    for (metamethod, _) in type.operators {
      if let name = operatorName(metamethod) { lines.append("---@operator \(name): \(type.name)") }
    }
    lines += ["local \(local) = {}", ""]
    for method in type.methods { append(method, prefix: "\(local):", to: &lines) }
  }

  private static func operatorName(_ metamethod: LuaType.Metamethod) -> String? {
    switch metamethod {
    case .add: "add(any)"
    case .subtract: "sub(any)"
    case .multiply: "mul(any)"
    case .divide: "div(any)"
    case .negate: "unm"
    case .equal, .length, .call, .newIndex: nil
    }
  }

  private static func append(_ function: LuaFunction, prefix: String, to lines: inout [String]) {
    let className = (prefix + function.name).replacing(":", with: ".") + ".Options"
    if !function.options.isEmpty {
      lines.append("---@class \(className)")
      for option in function.options {
        let optional = option.defaultText == nil ? "" : "?"
        let fallback = option.defaultText.map { $0 == "nil" ? "" : " (default \($0))" } ?? ""
        lines.append(
          "---@field \(option.name)\(optional) \(option.kind.stubType) \(option.summary)\(fallback)")
      }
      lines.append("")
    }
    lines.append("---\(function.summary)")
    if let advice = function.deprecation { lines.append("---@deprecated \(advice)") }
    for parameter in function.parameters {
      let type = parameter.name == "options" && !function.options.isEmpty ? className : parameter.type
      lines.append(
        "---@param \(parameter.name)\(parameter.isOptional ? "?" : "") \(type) \(parameter.summary)")
    }
    if let returns = function.returns { lines.append("---@return \(returns)") }
    let names = function.parameters.map(\.name).joined(separator: ", ")
    lines += ["function \(prefix)\(function.name)(\(names)) end", ""]
  }
}

extension String {
  fileprivate func replacing(_ old: Character, with new: Character) -> String {
    String(map { $0 == old ? new : $0 })
  }
}
