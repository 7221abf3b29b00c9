import Foundation
import LuaRuntime

// Runs Lua's own test suite in a state of ours, as a user would without the prelude of recipes: `LuaHost FOLDER`.
guard CommandLine.arguments.count == 2,
  FileManager.default.changeCurrentDirectoryPath(CommandLine.arguments[1]),
  let text = FileManager.default.contents(atPath: "all.lua")
else {
  print("usage: LuaHost FOLDER, the folder testes of Lua's sources")
  exit(64)
}
do {
  let lua = try LuaState()
  try lua.run("_U = true", name: "=host")
  try lua.run(bytes: Array(text), name: "@all.lua")
} catch let error as LuaError {
  print("\(error.message)\n\(error.traceback)")
  exit(1)
}
