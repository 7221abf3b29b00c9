-- Compares `published` mode with values that the AuGQ authors' code computed: fake-quantized outputs, scales, zero
-- points, edges and AdaRound initialisations of every tensor in FILE. Prints each mismatch and exits 1 on one.
--
--     augq run Scripts/golden_check.lua FILE
--     augq run Scripts/golden_check.lua --smoke      (checks $AUGQ_SHARED/golden, when it is there)
local augq = require "augq"

local options, rest = augq.params({
  smoke = { false, "check the reference file of the shared folder, or nothing when it is absent" },
}, "FILE")

local path = rest[1]
if options.smoke and not path then
  path = (os.getenv "AUGQ_SHARED" or "../shared") .. "/golden/augq_reference.safetensors"
  local file = io.open(path)
  if not file then
    print("skipped: no " .. path)
    return
  end
  file:close()
end
if not path then
  io.stderr:write("usage: augq run Scripts/golden_check.lua FILE.safetensors\n")
  os.exit(64)
end

local report = augq.golden_check(path)
for _, mismatch in ipairs(report.mismatches) do print(mismatch) end
print(string.format(
  "%d values of %d tensors compared, %d mismatches", report.values, report.tensors, #report.mismatches))
os.exit(#report.mismatches == 0 and 0 or 1)
