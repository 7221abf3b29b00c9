import Bindings
import LuaRuntime

/// The linked Lua and its known bugs.
enum LuaChecks {
  /// A bug of releases before 5.4.8.
  struct Bug: Sendable {
    let title: String
    /// A harmless chunk that returns true where the bug is; nil for bugs that crash.
    let probe: String?
  }

  static let bugs = [
    Bug(
      title: "1 | (2 or 3) is 2 in functions with more than 256 constants",
      probe: """
        local text = { "local x = {" }
        for i = 1, 300 do text[#text + 1] = i + 0.5 .. "," end
        text[#text + 1] = "} return 1 | (2 or 3)"
        return load(table.concat(text))() ~= 3
        """),
    Bug(
      title: "break does not close the closing value of a loop whose variable a function uses",
      probe: """
        local is_closed = false
        local object = setmetatable({}, { __close = function() is_closed = true end })
        local function loop()
          for key in next, { 1 }, nil, object do
            local _ = function() return key end
            break
          end
          return is_closed
        end
        return not loop()
        """),
    Bug(title: "nested coroutine.close crashes (augq bounds the nesting)", probe: nil),
    Bug(title: "assignments through metamethods may use freed memory", probe: nil),
  ]

  private static let fixedIn = "5.4.8"

  /// Whether a release is older than the one that repaired the bugs.
  static func isOld(_ release: String) -> Bool {
    guard let release = Version(release), let fixed = Version(fixedIn) else { return true }
    return release < fixed
  }

  static var version: Doctor.Finding {
    let release = LuaState.release
    let seen = bugs.filter { isSeen($0) }.map { "\($0.title) (seen)" }
    let isOld = isOld(release)
    let untried = isOld ? bugs.filter { $0.probe == nil }.map(\.title) : []
    guard isOld || !seen.isEmpty else { return Doctor.Finding("Lua", .ok, release) }
    return Doctor.Finding(
      "Lua", .warn,
      "\(release) has bugs that \(fixedIn) repairs: \((seen + untried).joined(separator: "; "))",
      fix:
        "PKG_CONFIG_PATH=FOLDER swift build -c release, with the lua5.4.pc of Lua \(fixedIn) or a later 5.4 in FOLDER"
    )
  }

  static func isSeen(_ bug: Bug) -> Bool {
    guard let probe = bug.probe, let lua = try? LuaState() else { return false }
    return withExtendedLifetime(lua) { (try? lua.evaluate(probe, name: "=probe"))?.boolean ?? false }
  }
}
