import LuaRuntime
import Testing

@Suite struct SnapshotTests {
  @Test func tablesAreReadWithinLimitsAndWithoutMetamethods() throws {
    let lua = try Fixture.state()
    let chunk = try lua.compile(
      """
      local t = setmetatable({ 1, 2, 3 }, { __index = error, __pairs = error, __len = error })
      t.itself = t
      return t
      """, name: "=chunk")

    let value = try chunk.results()[0].snapshot(LuaSnapshot.Limits(depth: 2, members: 4))

    guard case .table(let members, let omitted) = value else {
      Issue.record("\(value)")
      return
    }
    #expect(members.count == 4)
    #expect(omitted == 0)
    guard case .table(let inner, let hidden) = members[3].value,
      case .table(let last, let rest) = inner[3].value
    else {
      Issue.record("\(members)")
      return
    }
    #expect(hidden == 0 && last.isEmpty && rest == 4)
  }

  @Test func resultsKeepTheirOrderAndNumber() throws {
    let lua = try Fixture.state()

    let results = try lua.compile("return 1, nil, 'x', nil", name: "=chunk").results()

    let types = try results.map { try $0.snapshot(LuaSnapshot.Limits(depth: 1, members: 1)).typeName }
    #expect(types == ["number", "nil", "string", "nil"])
  }

  @Test(arguments: [
    ("f(", true), ("for i = 1, 2 do", true), ("x = [[long", true), ("--[[ long", true),
    ("x = 'short", false),
    ("x = = 1", false), ("end", false),
  ])
  func incompleteChunksAreTold(text: String, isIncomplete: Bool) throws {
    let lua = try Fixture.state()

    let error = #expect(throws: LuaError.self) { try lua.compile(text, name: "=chunk") }

    #expect(error?.isIncomplete == isIncomplete)
  }

  @Test func meaningsFollowTablesAndEndAtObjects() throws {
    let lua = try Fixture.state()
    try lua.run("object = host.new(1) alias = { deep = host.configure } word = 'x'", name: "=setup")

    func described(_ path: [String]) -> String {
      switch lua.meaning(of: path) {
      case .function(_, let name): name
      case .object(let type): type.name
      case .table(let fields, _): fields.joined(separator: " ")
      case .text: "text"
      case .other: "other"
      case nil: "nothing"
      }
    }
    #expect(described(["object"]) == "host.Counted")
    #expect(described(["object", "bytes"]) == "nothing")
    #expect(described(["alias"]) == "deep")
    #expect(described(["alias", "deep"]) == "host.configure")
    #expect(described(["word"]) == "text")
    #expect(described(["print"]) == "other")
    #expect(described(["nowhere", "x"]) == "nothing")
  }
}
