import LuaRuntime

/// What every recipe finds set up: `arg`, modules beside the script, and errors for misspelt globals.
enum Prelude {
  static let text = """
    local script, folder = __script, __folder
    __script, __folder = nil, nil
    arg[0] = script
    package.path = folder .. "/?.lua;" .. folder .. "/?/init.lua;" .. package.path

    -- Text only: crafted bytecode crashes Lua 5.4.4.
    local load, loadfile = load, loadfile
    function _G.load(chunk, name, _, ...) return load(chunk, name, "t", ...) end
    function _G.loadfile(path, _, ...) return loadfile(path, "t", ...) end
    function _G.dofile(path)
      local chunk, message = loadfile(path, "t")
      if not chunk then error(message, 0) end
      return chunk()
    end

    \(StrictGlobals.text)
    strict(_G, debug.getinfo, {})
    """
}
