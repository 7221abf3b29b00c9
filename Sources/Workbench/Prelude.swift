/// What every recipe finds set up: `arg`, modules beside the script, and errors for misspelt globals.
enum Prelude {
  static let text = """
    local script, folder = __script, __folder
    __script, __folder = nil, nil
    arg[0] = script
    package.path = folder .. "/?.lua;" .. folder .. "/?/init.lua;" .. package.path

    local info = debug.getinfo
    setmetatable(_G, {
      __index = function(_, name)
        error("global '" .. tostring(name) .. "' is not defined. Check its spelling.", 2)
      end,
      __newindex = function(globals, name, value)
        local caller = info(2, "S")
        if caller and caller.what == "Lua" then
          error("'" .. tostring(name) .. "' is assigned but not declared. Write 'local " .. tostring(name) .. "'.", 2)
        end
        rawset(globals, name, value)
      end,
    })
    """
}
