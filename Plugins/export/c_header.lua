-- The packed model file as a C array, to be compiled into a microcontroller's program.
return {
  summary = "An integer engine as a C header with its packed bytes.",
  api = ">=1.0 <2",
  options = { name = { "augq_model", "name of the array" } },
  write = function(network, path, options)
    if not options.name:match "^[%a_][%w_]*$" then
      error("option 'name' is \"" .. options.name .. "\"; expected a C identifier", 0)
    end
    local engine = network.compile and network:compile() or network
    -- The packed bytes are in the file for a moment.
    engine:save(path)
    local source <close> = assert(io.open(path, "rb"))
    local bytes = source:read "a"
    local guard = options.name:upper() .. "_H"
    local lines = {
      "#ifndef " .. guard, "#define " .. guard, "#include <stdint.h>",
      ("#define %s_SIZE %d"):format(options.name:upper(), #bytes),
      ("static const uint8_t %s[%d] = {"):format(options.name, #bytes),
    }
    for first = 1, #bytes, 16 do
      local row = { bytes:byte(first, math.min(#bytes, first + 15)) }
      for index, byte in ipairs(row) do row[index] = ("0x%02x"):format(byte) end
      lines[#lines + 1] = "  " .. table.concat(row, ", ") .. ","
    end
    lines[#lines + 1] = "};\n#endif\n"
    local text = table.concat(lines, "\n")
    local file <close> = assert(io.open(path, "wb"))
    assert(file:write(text))
    return #text
  end,
}
