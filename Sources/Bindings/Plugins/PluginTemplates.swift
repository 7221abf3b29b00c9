/// What `augq plugin new` writes: a working plugin of each kind, to be changed.
public enum PluginTemplates {
  /// The text of a new plugin; `nil` for a kind that does not exist.
  public static func text(kind: String, name: String) -> String? {
    bodies[kind].map { body in
      "-- \(name): say in a line or two what it does, and where it comes from.\n" + body
    }
  }

  private static let bodies: [String: String] = [
    "granularity": """
    return {
      summary = "Two intervals that meet a third of the way up the range of each group.",
      api = ">=1.0 <2",
      -- { default, what it is, smallest, largest }; scripts give them as augq.granularity.NAME { bits = 3 }.
      options = { bits = { 3, "bits inside an interval", 1, 7 } },
      -- What the grid looks like. The native kernels fit it, quantize, fine-tune and compile it.
      grid = function(options) return { bits = options.bits, intervals = 2 } end,
      -- The inner edges of one group's intervals, from its values (an augq.Tensor). Leave it out for equal intervals.
      edges = function(x)
        local low, high = math.min(x:min(), 0), math.max(x:max(), 0)
        return { low + (high - low) / 3 }
      end,
    }

    """,
    "observer": """
    return {
      summary = "All values but the given share at either end.",
      api = ">=1.0 <2",
      options = { share = { 0.001, "share of the values that is cut off at either end", 0, 0.4 } },
      -- The range of one group's values.
      range = function(x, options) return x:quantile(options.share), x:quantile(1 - options.share) end,
    }

    """,
    "codebook": """
    return {
      summary = "Quantiles of each group's values.",
      api = ">=1.0 <2",
      -- At most 2^options.bits levels for one group's values.
      levels = function(x, options)
        local count, levels = 2 ^ options.bits, {}
        for index = 1, count do levels[index] = x:quantile((index - 0.5) / count) end
        return levels
      end,
    }

    """,
    "rounding": """
    return {
      summary = "The nearer level; up when it is a tie.",
      api = ">=1.0 <2",
      -- A tensor of the weight's shape: from 0.5 the upper level is taken.
      choose = function(weight, lower, upper) return (upper - weight):less_equal(weight - lower) end,
    }

    """,
    "gradient": """
    return {
      summary = "The gradient, weakened by half beyond the range.",
      api = ">=1.0 <2",
      -- The gradient of x, given that of y, the quantized x.
      backward = function(gradient, x, y)
        local outside = x:less(y:min()):maximum(x:greater(y:max()))
        return gradient * outside:choose(0.5, 1)
      end,
    }

    """,
    "partition": """
    return {
      summary = "Regions with weights, one unit each.",
      api = ">=1.0 <2",
      -- Units in order; what has no weights belongs to the unit before it.
      units = function(graph)
        local units = {}
        for _, region in ipairs(graph:regions()) do
          if region.weighted or #units == 0 then
            units[#units + 1] = { name = region.exit, entry = region.entry, exit = region.exit }
          else
            units[#units].exit = region.exit
          end
        end
        return units
      end,
    }

    """,
    "reconstruction": """
    return {
      summary = "Rounding first, then ranges.",
      api = ">=1.0 <2",
      units = "block",
      -- Each stage holds options of augq.reconstruct.
      stages = {
        { rounding = "adaround", ranges = "fixed", input = "quantized", activations = "full_precision" },
        { rounding = "nearest", ranges = "learned", input = "quantized", quantized_share = 1 },
      },
    }

    """,
    "transform": """
    return {
      summary = "Batch norms folded.",
      api = ">=1.0 <2",
      -- exact = false,   -- when outputs are not the same any more
      -- The changed model, and how many places were changed.
      apply = function(model) return model:fold_batch_norm(), 1 end,
    }

    """,
    "scheduler": """
    return {
      summary = "Every trial once; of what is done, nothing goes on.",
      api = ">=1.0 <2",
      -- Parameters of the trials to plan next; trials are { parameters, status, metrics } of all so far.
      next = function(trials)
        local plan = {}
        for _, trial in ipairs(trials) do
          if trial.status ~= "new" then return {} end
          plan[#plan + 1] = trial.parameters
        end
        return plan
      end,
    }

    """,
    "allocator": """
    return {
      summary = "The width of least loss for every layer.",
      api = ">=1.0 <2",
      -- Bits by key; a layer is { key, count, bits = { 2, 4 }, loss = { 0.3, 0.1 } }.
      allocate = function(layers)
        local result = {}
        for _, layer in ipairs(layers) do
          local best = 1
          for index = 2, #layer.bits do
            if layer.loss[index] < layer.loss[best] then best = index end
          end
          result[layer.key] = layer.bits[best]
        end
        return result
      end,
    }

    """,
    "model": """
    local augq = require "augq"

    return {
      summary = "One convolution and a classifier.",
      api = ">=1.0 <2",
      options = { classes = { 10, "classes", 2, 10000 } },
      build = function(options)
        local graph = augq.graph { 28, 28, 1 }
        local x = graph:relu(graph:conv2d(graph.input, { name = "conv", filters = 8, kernel = 3, padding = 1 }))
        x = graph:flatten(graph:global_average_pool(x))
        graph.output = graph:linear(x, { name = "head", features = options.classes })
        return graph
      end,
    }

    """,
    "dataset": """
    local augq = require "augq"

    return {
      summary = "Grey squares whose brightness is the class.",
      api = ">=1.0 <2",
      options = { count = { 100, "training images; half as many test images", 10, 100000 } },
      -- Training images and, perhaps, test images.
      load = function(options)
        local function make(count)
          local values, labels = {}, {}
          for image = 1, count do
            labels[image] = image % 4
            for pixel = 1, 64 do values[(image - 1) * 64 + pixel] = labels[image] / 3 end
          end
          return augq.data.of(augq.tensor.of({ count, 8, 8, 1 }, values), labels)
        end
        return make(options.count), make(options.count // 2)
      end,
    }

    """,
    "export": """
    return {
      summary = "The packed model file, with a first line that says what it is.",
      api = ">=1.0 <2",
      -- Writes a model, a quantized network or an engine; returns the number of bytes.
      write = function(network, path)
        local engine = network.compile and network:compile() or network
        engine:save(path)
        local source = assert(io.open(path, "rb"))
        local text = "augq model\\n" .. source:read "a"
        source:close()
        local file <close> = assert(io.open(path, "wb"))
        assert(file:write(text))
        return #text
      end,
    }

    """,
    "report": """
    return {
      summary = "One line per row.",
      api = ">=1.0 <2",
      -- Columns are { name, kind }, rows lists of texts.
      render = function(columns, rows)
        local lines = {}
        for _, row in ipairs(rows) do
          local parts = {}
          for index, column in ipairs(columns) do parts[index] = column.name .. "=" .. row[index] end
          lines[#lines + 1] = table.concat(parts, " ")
        end
        return table.concat(lines, "\\n") .. "\\n"
      end,
    }

    """,
  ]
}
