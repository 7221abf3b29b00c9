#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Bindings
import Interchange
import LuaRuntime

/// What `augq init` writes: a recipe that runs as it is, stubs, and the settings of editor, linter and formatter.
public struct ProjectFolder {
  /// One file of the folder.
  public struct File: Sendable {
    /// The path in the folder.
    public let name: String
    /// What it is for.
    public let purpose: String
    let text: @Sendable () -> String
  }

  /// The files, in the order they are written.
  public static let files = [
    File(name: "recipe.lua", purpose: "a recipe: train, quantize, compile, compare") { recipe },
    File(name: "types/augq.lua", purpose: "LuaCATS stubs of every function, for editors") {
      StubFile.current
    },
    File(name: ".luarc.json", purpose: "settings of lua-language-server") { languageServer },
    File(name: ".luacheckrc", purpose: "settings of luacheck") { linter },
    File(name: "stylua.toml", purpose: "settings of the formatter StyLua") { formatter },
  ]

  private let folder: String

  /// Names a folder, which need not be there.
  public init(_ folder: String) { self.folder = folder }

  /// Writes the files that are not there yet and says what it did.
  ///
  /// - Throws: ``InterchangeError`` for a file that cannot be written.
  public func write() throws -> [String] {
    UserFolders.make(folder)
    return try Self.files.map { file in
      let path = "\(folder)/\(file.name)"
      if FileStatus.exists(path) { return "kept    \(path)" }
      UserFolders.make(FileStatus.folder(of: path))
      try AtomicFile.write(file.text(), to: path)
      return "wrote   \(path)  (\(file.purpose))"
    }
  }

  private static let languageServer = """
    {
      "runtime.version": "Lua 5.4",
      "workspace.library": ["types"],
      "workspace.checkThirdParty": false
    }

    """

  private static let linter = """
    std = "lua54+augq"
    max_line_length = 120
    exclude_files = { "types" }

    -- What `augq run` defines before a recipe begins.
    stds.augq = { read_globals = { "arg" } }

    """

  private static let formatter = """
    column_width = 120
    indent_type = "Spaces"
    indent_width = 2
    quote_style = "AutoPreferDouble"
    call_parentheses = "Input"

    """

  private static let recipe = """
    -- Trains a small network, quantizes it with AuGQ, and compares FP32, fake-quantized and integer-only top-1.
    --
    --     augq run recipe.lua [--bits 2] [--intervals 4] [--smoke]
    local augq = require "augq"

    local options = augq.params {
      bits = { 2, "bits inside an interval", 1, 8 },
      intervals = { 4, "intervals of the range", 1, 16 },
      images = { 6000, "training images, at most", 64, 60000 },
      smoke = { false, "use few images, to see that the recipe runs" },
    }

    -- Images of ten gratings, in rows of bytes as augq.data.raw reads them: they stand in where Fashion-MNIST is absent.
    local function synthetic(count)
      local paths = { os.tmpname(), os.tmpname() }
      local images, labels = assert(io.open(paths[1], "wb")), assert(io.open(paths[2], "wb"))
      math.randomseed(1)
      for index = 1, count do
        local class = index % 10
        local angle, phase = class * math.pi / 10, math.random() * 6
        local x, y = math.cos(angle), math.sin(angle)
        local bytes = {}
        for pixel = 0, 28 * 28 - 1 do
          local wave = math.sin((pixel % 28) * x + (pixel // 28) * y + phase)
          bytes[pixel + 1] = string.char(math.floor(96 + 80 * wave + 70 * math.random()))
        end
        images:write(table.concat(bytes))
        labels:write(string.char(class))
      end
      images:close()
      labels:close()
      local data = augq.data.raw(paths[1], { shape = { 28, 28, 1 }, type = "uint8", labels = paths[2], scale = 1 / 255 })
      os.remove(paths[1])
      os.remove(paths[2])
      return data
    end

    local function load_data()
      local found, data = pcall(augq.data.fashion_mnist)
      local limit = options.smoke and 512 or options.images
      if found then return data.train:sample(limit), data.test:sample(options.smoke and 256 or 2000), "Fashion-MNIST" end
      local all = synthetic(limit + limit // 4)
      return all:subset(1, limit), all:subset(limit + 1, #all), "synthetic gratings"
    end

    local function build()
      local g = augq.graph { 28, 28, 1 }
      local x = g.input
      for stage, filters in ipairs { 16, 32, 64 } do
        x = g:conv2d(x, {
          filters = filters, kernel = 3, stride = 2, padding = 1, bias = false, name = "conv" .. stage,
        })
        x = g:relu(g:batch_norm(x, { name = "norm" .. stage }), { name = "relu" .. stage })
      end
      g:linear(g:flatten(g:global_average_pool(x)), { features = 10, name = "classifier" })
      return augq.build(g, { seed = 1 })
    end

    local train, test, source = load_data()
    print(("%d training and %d test images of %s"):format(#train, #test, source))

    local model = build()
    augq.train(model, {
      data = train,
      epochs = options.smoke and 1 or 4,
      batch = 64,
      optimizer = augq.optimizer.sgd { learning_rate = 0.05 },
      schedule = augq.schedule.cosine { warmup_epochs = 0.5 },
    })

    local spec = { bits = options.bits, intervals = options.intervals }
    local q = augq.quantize(model, {
      weights = augq.granularity.augq { bits = spec.bits, intervals = spec.intervals, group = "channel" },
      activations = augq.granularity.augq(spec),
      calibration = train:sample(64),
    })

    local rows = augq.table { { "network", "text" }, { "top1", "percent" }, { "stored", "bits" } }
    local stored = q.bits.stored
    rows:add { network = "FP32", top1 = augq.evaluate(model, test).top1, stored = 32 }
    rows:add { network = "fake-quantized", top1 = augq.evaluate(q, test).top1, stored = stored }
    rows:add { network = "integer only", top1 = augq.evaluate(q:compile(), test).top1, stored = stored }
    rows:print()

    """
}
