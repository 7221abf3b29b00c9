-- Additive powers of two: each level is a sum of powers of two, so products are shifts and additions.
-- Source: Li et al. 2020, "Additive Powers-of-Two Quantization", eq. 5, with k = 2.
return {
  summary = "APoT (Li et al. 2020): signed sums of two powers of two.",
  api = ">=1.0 <2",
  options = { bits = { 4, "bits of a code, sign included; an odd one gives one power more to choose from", 3, 5 } },
  levels = function(x, options)
    local largest = math.max(math.abs(x:min()), math.abs(x:max()), 1e-12)
    -- Two terms p_i in { 0, 2^-(2j + i) }; bits - 1 bits of magnitude.
    local first, second = { 0 }, { 0 }
    local counts = { 2 ^ math.ceil((options.bits - 1) / 2) - 1, 2 ^ ((options.bits - 1) // 2) - 1 }
    for j = 0, counts[1] - 1 do first[#first + 1] = 2.0 ^ -(2 * j) end
    for j = 0, counts[2] - 1 do second[#second + 1] = 2.0 ^ -(2 * j + 1) end
    local seen, result, top = {}, {}, 0
    for _, a in ipairs(first) do
      for _, b in ipairs(second) do top = math.max(top, a + b) end
    end
    for _, a in ipairs(first) do
      for _, b in ipairs(second) do
        for _, level in ipairs { a + b, -a - b } do
          if not seen[level] and not (level == 0 and seen[0.0]) then
            seen[level] = true
            result[#result + 1] = level * largest / top
          end
        end
      end
    end
    table.sort(result)
    return result
  end,
}
