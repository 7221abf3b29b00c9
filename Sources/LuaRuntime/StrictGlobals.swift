/// Errors for misspelt globals, as Lua text.
public enum StrictGlobals {
  /// Declares `strict(globals, info, fields)`: reading what is not there, and assigning inside Lua code, are errors.
  ///
  /// `info` is `debug.getinfo`; `fields` are more fields of the metatable.
  public static let text = """
    local function strict(globals, info, fields)
      fields.__index = function(_, name)
        error("global '" .. tostring(name) .. "' is not defined. Check its spelling.", 2)
      end
      fields.__newindex = function(globals, name, value)
        local caller = info(2, "S")
        if caller and caller.what == "Lua" then
          error("'" .. tostring(name) .. "' is assigned but not declared. Write 'local " .. tostring(name) .. "'.", 2)
        end
        rawset(globals, name, value)
      end
      return setmetatable(globals, fields)
    end
    """
}
