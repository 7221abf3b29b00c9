-- Writes grey 8-bit PNG files without compression, so that recipes have image files to read.
local M = {}

local function crc32(text)
  local crc = 0xffffffff
  for index = 1, #text do
    crc = crc ~ text:byte(index)
    for _ = 1, 8 do crc = crc >> 1 ~ (crc & 1 == 1 and 0xedb88320 or 0) end
  end
  return ~crc & 0xffffffff
end

local function chunk(kind, body)
  return string.pack(">I4", #body) .. kind .. body .. string.pack(">I4", crc32(kind .. body))
end

local function adler32(text)
  local a, b = 1, 0
  for index = 1, #text do
    a = (a + text:byte(index)) % 65521
    b = (b + a) % 65521
  end
  return b << 16 | a
end

-- Writes one image, its values in 0 ... 1 row by row; at most 65535 bytes, which is one stored block.
function M.write(path, values, height, width)
  local rows = {}
  for row = 0, height - 1 do
    local bytes = {}
    for column = 1, width do bytes[column] = string.char(math.floor(255 * values[row * width + column] + 0.5)) end
    rows[#rows + 1] = "\0" .. table.concat(bytes)
  end
  local raw = table.concat(rows)
  local stored = "\x78\x01\x01" .. string.pack("<I2I2", #raw, ~#raw & 0xffff) .. raw .. string.pack(">I4", adler32(raw))
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(
    "\x89PNG\r\n\x1a\n", chunk("IHDR", string.pack(">I4I4BBBBB", width, height, 8, 0, 0, 0, 0)),
    chunk("IDAT", stored), chunk("IEND", "")))
end

return M
