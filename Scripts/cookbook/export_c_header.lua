-- How do I get the packed weights into a microcontroller's program?
-- Export the compiled network with `format = "c_header"`: the packed model file as an array of bytes that a C compiler
-- puts into flash. Codes are packed with as many bits as they need, so the array is as long as the file of
-- `engine:save`. Formats are plugins: see `augq plugin list --kind export`, and write your own for your runtime.
local augq = require "augq"

local data = augq.data.fashion_mnist()
local uniform = augq.granularity.uniform
local q = augq.quantize(augq.load "../models/fashion_cnn", {
  weights = uniform { bits = 4, group = "channel" }, activations = uniform { bits = 8 },
  calibration = data.train:sample(64, { seed = 1 }),
})

local path = os.tmpname()
local written = augq.export(q, path, { format = "c_header", name = "fashion_cnn" })
local file <close> = assert(io.open(path))
local text = file:read "a"
os.remove(path)
print(("%d bytes of text for a model of %d bytes"):format(written, q.byte_count))

-- The head of the file: three lines of preamble, the size and the array.
for line in text:gmatch "[^\n]+" do
  if line:match "^  0x" then break end
  print(line)
end

-- It printed:
--
-- ```text
-- 291075 bytes of text for a model of 47498 bytes
-- #ifndef FASHION_CNN_H
-- #define FASHION_CNN_H
-- #include <stdint.h>
-- #define FASHION_CNN_SIZE 47498
-- static const uint8_t fashion_cnn[47498] = {
-- ```
