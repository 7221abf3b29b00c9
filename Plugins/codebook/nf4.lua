-- NF4: quantiles of a normal distribution, with an exact 0, scaled to the largest magnitude.
-- Source: Dettmers et al. 2023, "QLoRA: Efficient Finetuning of Quantized LLMs", appendix E.
local levels = {
  -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
  -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
  0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
}
return {
  summary = "NF4 (Dettmers et al. 2023): 16 quantiles of a normal distribution.",
  api = ">=1.0 <2",
  levels = function(x)
    local largest, result = math.max(math.abs(x:min()), math.abs(x:max())), {}
    for index, level in ipairs(levels) do result[index] = level * largest end
    return result
  end,
}
