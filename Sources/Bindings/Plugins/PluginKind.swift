/// What plugins of one kind are for, what their files return, and where scripts use them.
public struct PluginKind: Sendable {
  /// A function that a plugin's table may have.
  public struct Function: Sendable {
    /// The key in the table.
    public let name: String
    /// How it is called: `(x, options) -> low, high`.
    public let signature: String
    /// What it does.
    public let summary: String

    init(_ name: String, _ signature: String, _ summary: String) {
      self.name = name
      self.signature = signature
      self.summary = summary
    }
  }

  /// The folder's name and the first part of a plugin's.
  public let name: String
  /// What plugins of the kind decide.
  public let summary: String
  /// Sets of functions, one of which a plugin must have whole.
  public let forms: [[Function]]
  /// Functions that it may have besides.
  public let optional: [Function]
  /// How a script uses one.
  public let usage: String
  /// What is tested for every plugin of the kind.
  public let laws: String

  /// The keys that a plugin's table may have.
  var keys: [String] {
    ["summary", "options", "api", "version", "permissions"] + (forms.joined() + optional).map(\.name)
  }

  /// The kind of a name.
  static func named(_ name: String) -> PluginKind? { all.first { $0.name == name } }

  /// Every kind.
  public static let all: [PluginKind] = [
    PluginKind(
      name: "granularity", summary: "how values are cut into groups and intervals",
      forms: [
        [
          Function(
            "grid", "(options) -> table",
            "bits, intervals, and what else augq.granularity.uniform takes; the native kernels do the work")
        ],
        [
          Function(
            "fit", "(x, options) -> state", "levels of a tensor: a table with a list 'levels', ascending"),
          Function("quantize", "(x, state) -> codes", "code of each value: 0, 1, … as a tensor of x's shape"),
          Function("dequantize", "(codes, state) -> x", "value of each code"),
        ],
      ],
      optional: [
        Function(
          "edges", "(x, options) -> list", "inner edges of a group's intervals, in units of its values"),
        Function(
          "backward", "(gradient, x, state) -> gradient", "gradient of quantize and dequantize together"),
      ],
      usage: "augq.granularity.NAME { … }",
      laws:
        "codes in range; levels keep their value; stored bits are those of the packed codes; deterministic; "
        + "shapes kept; every group covered; gradient finite"),
    PluginKind(
      name: "observer", summary: "how the range of a group is found",
      forms: [[Function("range", "(x, options) -> low, high", "the range of a group's values")]],
      optional: [],
      usage: "augq.granularity.uniform { bits = 4, observer = \"NAME\" }",
      laws: "finite, low <= high, deterministic"),
    PluginKind(
      name: "codebook", summary: "levels that are not equally spaced",
      forms: [[Function("levels", "(x, options) -> list", "the levels of a group's values, at most 2^bits")]],
      optional: [], usage: "augq.codebook.NAME { bits = 4 }",
      laws: "at most 2^bits finite levels; levels keep their value; deterministic"),
    PluginKind(
      name: "rounding", summary: "which of its two neighbouring levels a weight takes",
      forms: [
        [
          Function(
            "choose", "(weight, lower, upper, options) -> choice",
            "tensor of the weight's shape; from 0.5 the upper level is taken")
        ]
      ], optional: [], usage: "augq.round(quantized, { method = \"NAME\" })",
      laws: "weights end on their levels; deterministic"),
    PluginKind(
      name: "gradient", summary: "what passes back through a quantizer in training",
      forms: [
        [
          Function(
            "backward", "(gradient, x, y, options) -> gradient",
            "gradient of x, given that of y, the quantized x")
        ]
      ], optional: [], usage: "augq.granularity.augq { bits = 2, gradient = \"NAME\" }",
      laws: "shape kept, finite, deterministic"),
    PluginKind(
      name: "partition", summary: "which parts of a network are fine-tuned together",
      forms: [[Function("units", "(graph, options) -> list", "units { name, entry, exit } in order")]],
      optional: [],
      usage: "augq.reconstruct(quantized, { units = \"NAME\", … })",
      laws: "every layer with weights in exactly one unit; units in order"),
    PluginKind(
      name: "reconstruction", summary: "a method of fine-tuning",
      forms: [[Function("stages", "(options) -> list", "stages of augq.reconstruct's options")]],
      optional: [Function("units", "text", "the partition that it uses unless told otherwise")],
      usage: "augq.reconstruct(quantized, { method = \"NAME\", … })",
      laws: "a small network's error does not rise; deterministic"),
    PluginKind(
      name: "transform", summary: "a change of an FP32 network that keeps what it computes",
      forms: [
        [Function("apply", "(model, options) -> model, count", "the changed network, and how many places")]
      ],
      optional: [
        Function("exact", "true or false", "whether outputs are the same up to rounding; true when absent")
      ],
      usage: "augq.transform.NAME(model, { … })",
      laws: "same outputs when exact; the model given stays as it is"),
    PluginKind(
      name: "allocator", summary: "how many bits each layer gets",
      forms: [
        [
          Function(
            "allocate", "(layers, options, memory) -> table",
            "bits by key; a layer is { key, count, bits = {…}, loss = {…} } with the loss for each width; memory is "
              + "quantized:memory(), or empty, and its keys may get 1 to 8 bits")
        ]
      ], optional: [], usage: "augq.allocate(layers, { allocator = \"NAME\", … })",
      laws: "every layer gets one of its widths; deterministic; the budget is kept"),
    PluginKind(
      name: "model", summary: "an architecture",
      forms: [[Function("build", "(options) -> graph", "the graph")]], optional: [],
      usage: "augq.model.NAME { … }", laws: "a graph that computes finite values from seeded weights"),
    PluginKind(
      name: "dataset", summary: "labelled images",
      forms: [[Function("load", "(options) -> train, test", "data sets; the second may be missing")]],
      optional: [],
      usage: "augq.data.NAME { … }", laws: "images of the shape it says; deterministic"),
    PluginKind(
      name: "export", summary: "a file format for networks",
      forms: [
        [
          Function(
            "write", "(network, path, options) -> bytes", "writes a model, quantized network or engine")
        ]
      ], optional: [], usage: "augq.export(network, \"path\", { format = \"NAME\" })",
      laws: "writes a file; same bytes each time"),
    PluginKind(
      name: "report", summary: "a text made of a table",
      forms: [
        [Function("render", "(columns, rows, options) -> text", "text of columns { name, kind } and rows")]
      ], optional: [], usage: "rows:render(\"NAME\")", laws: "deterministic; every row appears"),
    PluginKind(
      name: "scheduler", summary: "which trials of a sweep go on",
      forms: [
        [
          Function(
            "next", "(trials, options) -> list",
            "parameters of the trials to plan next, none when all is done; trials are { parameters, status, metrics }"
          )
        ]
      ], optional: [], usage: "scheduler = { \"NAME\", … } in a sweep",
      laws: "plans trials at first; comes to an end; deterministic"),
  ]
}
