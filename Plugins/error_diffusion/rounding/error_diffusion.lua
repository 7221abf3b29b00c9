-- Error diffusion along the inputs of each output channel, so that the errors of a channel sum to almost nothing.
-- Source: Floyd and Steinberg 1976, in one dimension; each weight depends on the one before, which is slow in Lua.
return {
  summary = "Carries the rounding error of each weight to the next of its output channel (native code).",
  options = { share = { 1.0, "share of an error that is carried", 0, 1 } },
  choose = function(weight, lower, upper, options)
    return native.diffuse(weight, lower, upper, options.share)
  end,
}
