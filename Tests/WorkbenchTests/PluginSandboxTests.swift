import Bindings
import Foundation
import LuaRuntime
import Tensors
import TestSupport
import Testing
import Workbench

@Suite struct PluginSandboxTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// A plugin whose native work does not end in time is stopped; the next call works as if nothing had been.
  @Test func nativeWorkOfAPluginEndsWithItsTime() throws {
    let session = Session(scriptPath: "recipe.lua", arguments: [], threads: 1)
    var policy = SandboxPolicy(.restricted)
    policy.seconds = 0.3
    let lua = try LuaState()
    try withExtendedLifetime(lua) {
      lua.register(Library.module(session))
      let plugin = try policy.sandbox(in: lua, session: session)
      let setup = """
        local augq = require "augq"
        local g = augq.graph { 28, 28, 1 }
        local x = g:conv2d(g.input, { filters = 64, kernel = 5 })
        for i = 1, 6 do x = g:conv2d(x, { filters = 64, kernel = 3, padding = 1 }) end
        g:linear(g:flatten(g:global_average_pool(x)), { features = 10 })
        local model = augq.build(g)
        return function(count) return model:forward(augq.tensor.zeros { count, 28, 28, 1 }):max() end
        """
      guard case .function(let forward) = try plugin.run(bytes(setup), name: "@plugin.lua") else {
        Issue.record("the plugin returns no function")
        return
      }

      let error = #expect(throws: LuaError.self) { try forward.call([.integer(4000)]) }

      #expect(error?.kind == .time)
      #expect(error?.message == "plugin.lua:7: stopped after the time limit of 0.3 s")
      #expect(try forward.result([.integer(1)]).number != nil)
      #expect(!session.cancellation.isCancelled)
    }
  }

  @Test func pluginsReadTheirFolderAndTheRootsOnly() throws {
    let (home, data, other) = (try Scratch(), try Scratch(), try Scratch())
    for folder in [home, data, other] { try folder.write("return 'read'", to: "part.lua") }
    var policy = SandboxPolicy(.restricted)
    policy.readRoots = [data.url.path]
    let session = Session(scriptPath: "recipe.lua", arguments: [])
    let lua = try LuaState()
    try withExtendedLifetime(lua) {
      let plugin = try policy.sandbox(in: lua, session: session, moduleFolders: [home.url.path])

      #expect(try plugin.run(bytes("return require 'part'"), name: "@plugin.lua").text == "read")
      for (folder, isReadable) in [(home, true), (data, true), (other, false)] {
        let text = "return io.open('\(folder.path("part.lua"))') ~= nil"
        #expect(try plugin.run(bytes(text), name: "@plugin.lua").boolean == isReadable)
      }
    }
  }
}
