-- Made-up images of stripes with a direction per class: always there, learnt in seconds.
local augq = require "augq"

return {
  summary = "Made-up grey images: stripes whose direction is the class, with noise.",
  api = ">=1.0 <2",
  options = {
    count = { 1000, "training images; a fifth as many test images", 10, 100000 },
    size = { 16, "height and width", 8, 64 },
    classes = { 4, "directions", 2, 10 },
    noise = { 0.1, "standard deviation of the noise", 0, 1 },
    seed = { 1, "seed of the draw", 0, 1e9 },
  },
  load = function(options)
    local function make(count, seed)
      local size, classes = options.size, options.classes
      local noise = augq.tensor.normal({ count * size * size }, seed):values()
      local phases = augq.tensor.normal({ count }, seed + 1):values()
      local values, labels, place = {}, {}, 0
      for image = 1, count do
        local label = (image - 1) % classes
        local angle = math.pi * label / classes
        local down, right, phase = math.sin(angle), math.cos(angle), 3 * phases[image]
        for row = 1, size do
          for column = 1, size do
            place = place + 1
            local wave = 0.5 + 0.5 * math.sin(1.3 * (down * row + right * column) + phase)
            values[place] = math.max(0, math.min(1, wave + options.noise * noise[place]))
          end
        end
        labels[image] = label
      end
      return augq.data.of(augq.tensor.of({ count, size, size, 1 }, values), labels, { classes = classes })
    end
    local tested = math.max(options.classes, options.count // 5)
    return make(options.count, 2 * options.seed), make(tested, 2 * options.seed + 1)
  end,
}
