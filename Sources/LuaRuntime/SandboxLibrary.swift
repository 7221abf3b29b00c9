/// The chunk that makes a sandbox's environment: what is not named here does not exist in it.
///
/// It is called with the untouched library tables, `resolve(path, access)`, `find_module(name)`, where output goes and the
/// seed of random numbers; it returns the environment and the methods of strings.
enum SandboxLibrary {
  static let text = """
    local libraries, resolve, find_module, output, seed = ...
    local spend = libraries.spend
    -- From here on, globals are the untouched base library.
    local _ENV <const> = libraries._G
    local io, string, table, debug, tointeger, ult =
      libraries.io, libraries.string, libraries.table, libraries.debug, libraries.math.tointeger, libraries.math.ult

    -- A fresh table with the functions that are named; the others say that they are not there.
    local function allow(prefix, library, names)
      local result = {}
      for name, value in pairs(library) do
        if type(value) == "function" then
          local full = prefix .. name
          result[name] = function() error("'" .. full .. "' is not available to restricted code", 2) end
        elseif type(value) ~= "userdata" then
          result[name] = value
        end
      end
      for name in string.gmatch(names, "%g+") do result[name] = library[name] end
      return result
    end

    local env = allow("", libraries._G, "assert error getmetatable ipairs next pairs pcall print rawequal rawget rawlen rawset "
      .. "select tonumber tostring type xpcall")
    env._G = env
    for name, names in pairs {
      coroutine = "create isyieldable resume running status wrap yield", debug = "traceback",
      io = "type", os = "clock date difftime time", utf8 = "char codepoint codes len offset", table = "pack unpack",
      string = "byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper",
    } do
      env[name] = allow(name .. ".", libraries[name], names)
    end
    env.math = allow("math.", libraries.open_math(), "abs acos asin atan ceil cos deg exp floor fmod log max min modf rad "
      .. "random randomseed sin sqrt tan tointeger type ult")

    -- Random numbers depend on the seed alone.
    local randomseed = env.math.randomseed
    randomseed(seed)
    function env.math.randomseed(...)
      if select("#", ...) == 0 then error("math.randomseed needs a seed here", 2) end
      return randomseed(...)
    end

    -- Loops of C see no hook: their length is bounded, and charged before they begin.
    local MOST = 10000000
    local function range(name, first, last)
      first, last = tointeger(first), tointeger(last)
      if not first or not last or last <= first then return end
      if ult(MOST, last - first) then
        error(string.format("%s: more than %d elements at once are not available to restricted code", name, MOST), 3)
      end
      spend(last - first)
    end
    local function plain(name, list)
      if type(list) ~= "table" then
        error(string.format("bad argument #1 to '%s' (table expected, got %s)", name, type(list)), 3)
      end
      local meta = debug.getmetatable(list)
      if type(meta) == "table" and rawget(meta, "__len") ~= nil then
        error(name .. ": tables with a __len metamethod are not available to restricted code", 3)
      end
      return rawlen(list)
    end
    function env.table.insert(list, ...)
      local count = plain("table.insert", list)
      if select("#", ...) > 1 then range("table.insert", (...), count + 1) end
      return table.insert(list, ...)
    end
    function env.table.remove(list, ...)
      local count = plain("table.remove", list)
      if ... then range("table.remove", (...), count) end
      return table.remove(list, ...)
    end
    function env.table.concat(list, separator, first, last)
      local count = plain("table.concat", list)
      range("table.concat", first or 1, last or count)
      return table.concat(list, separator, first or 1, last or count)
    end
    function env.table.move(from, first, last, ...)
      range("table.move", first, last)
      return table.move(from, first, last, ...)
    end
    function env.table.sort(list, less)
      range("table.sort", 1, plain("table.sort", list))
      -- A comparison in Lua is seen by the hooks.
      if less == nil then return table.sort(list, function(a, b) return a < b end) end
      return table.sort(list, type(less) == "function" and function(a, b) return less(a, b) and true or false end or less)
    end
    local rep = string.rep
    function env.string.rep(text, count, separator)
      if text == "" and (separator == nil or separator == "") then return "" end
      return rep(text, count, separator)
    end

    -- Finalizers run with hooks off. One that is added to a metatable later is ignored by Lua.
    function env.setmetatable(object, meta)
      if type(meta) == "table" and rawget(meta, "__gc") ~= nil then
        error("a __gc metamethod is not available to restricted code", 2)
      end
      return setmetatable(object, meta)
    end
    function env.collectgarbage(option)
      if option ~= "count" then error("collectgarbage takes only 'count' here", 2) end
      return collectgarbage "count"
    end

    -- Chunks are text, and their globals are these.
    function env.load(chunk, name, mode, ...)
      if mode ~= nil and not string.find(mode, "t", 1, true) then
        return nil, "attempt to load a text chunk (mode is '" .. mode .. "')"
      end
      local reader = chunk
      if type(chunk) == "function" then reader = function() return (chunk()) end end
      if select("#", ...) == 0 then return load(reader, name, "t", env) end
      return load(reader, name, "t", (...))
    end
    local function load_file(real, shown, ...)
      local file, message = io.open(real, "rb")
      if not file then return nil, message end
      local text = file:read "a"
      file:close()
      -- A first line that begins with # is for the shell.
      return env.load(string.gsub(text, "^#[^\\n]*", "", 1), "@" .. shown, "t", ...)
    end
    function env.loadfile(path, _, ...)
      local real, message = resolve(path, "read")
      if not real then return nil, message end
      return load_file(real, path, ...)
    end
    function env.dofile(path)
      local chunk, message = env.loadfile(path)
      if not chunk then error(message, 0) end
      return chunk()
    end

    -- Modules of the program are copied, so that nobody else sees what is done to them.
    local function copy(module)
      local result = {}
      for key, value in next, module do result[key] = type(value) == "table" and copy(value) or value end
      -- Plugins are found when they are asked for.
      return setmetatable(result, { __index = function(_, name) return module[name] end, __metatable = false })
    end
    local loaded, loading = {}, {}
    function env.require(name)
      if loaded[name] ~= nil then return loaded[name] end
      if libraries.native[name] then
        loaded[name] = copy(libraries.native[name])
        return loaded[name]
      end
      if type(rawget(env, name)) == "table" and libraries[name] then return env[name] end
      local real, shown = find_module(name)
      if loading[name] then error("module '" .. name .. "' requires itself", 2) end
      local chunk, message = load_file(real, shown)
      if not chunk then error(message, 0) end
      loading[name] = true
      local _ <close> = setmetatable({}, { __close = function() loading[name] = nil end })
      local result = chunk(name, shown)
      if loaded[name] == nil then loaded[name] = result == nil and true or result end
      return loaded[name]
    end

    -- Files below the roots; no standard input.
    local sink = io[output]
    env.io.stdout, env.io.stderr = sink, io.stderr
    function env.io.write(...) return sink:write(...) end
    function env.io.close(file) return file:close() end
    function env.io.open(path, mode)
      local writes = type(mode) == "string" and string.find(mode, "[wa+]") and "write" or "read"
      local real, message = resolve(path, writes)
      if not real then return nil, message end
      return io.open(real, mode)
    end
    function env.io.lines(path, ...)
      local real, message = resolve(path, "read")
      if not real then error(message, 2) end
      return io.lines(real, ...)
    end
    function env.os.remove(path)
      local real, message = resolve(path, "write")
      if not real then return nil, message end
      return libraries.os.remove(real)
    end
    if output == "stderr" then
      function env.print(...)
        local texts = table.pack(...)
        for index = 1, texts.n do texts[index] = tostring(texts[index]) end
        sink:write(table.concat(texts, "\\t"), "\\n")
      end
    end

    local methods = {}
    for name, method in pairs(env.string) do methods[name] = method end
    \(StrictGlobals.text)
    return strict(env, debug.getinfo, { __metatable = false }), methods
    """
}
