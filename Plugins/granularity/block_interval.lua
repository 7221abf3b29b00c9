-- Sub-ranges with scales s, s/r, s/r^2, …; every block of weights stores the index of the one with the least error.
return {
  summary = "Each block picks one of K sub-ranges (scales s, s/r, …) by least error, and stores its index.",
  api = ">=1.0 <2",
  options = {
    bits = { 4, "bits inside an interval", 1, 8 },
    intervals = { 4, "sub-ranges", 1, 16 },
    block = { 8, "weights that share an index", 1, 4096 },
    ratio = { 1.6, "ratio of neighbouring sub-ranges", 1.01, 16 },
  },
  grid = function(options)
    return { bits = options.bits, intervals = options.intervals, block = options.block, ratio = options.ratio }
  end,
}
