import Interchange
import Layers
import LuaRuntime
import Pipelines
import Tensors

/// Evaluation and training.
struct TrainingModule: Sendable {
  let session: Session

  var functions: [LuaFunction] { [evaluate, compare, train] }

  private var evaluate: LuaFunction {
    LuaFunction(
      "evaluate", "Scores every image of a data set.",
      parameters: [
        LuaParameter("network", Networks.types, "what to measure"),
        LuaParameter("data", "augq.Dataset", "labelled images"),
        LuaParameter("options", "table", "options", optional: true),
      ],
      options: [LuaOption("batch", .integer(1...100_000), default: "200", "images scored in one call")],
      returns: "augq.Evaluation"
    ) { call in
      let classifier = try Networks.classifier(call, 0)
      var options = EvaluationOptions()
      options.batchSize = try call.options(2).integer("batch") ?? options.batchSize
      options.progress = { [progress = session.progress] in progress.update("evaluate", done: $0, total: $1) }
      let data = try call.object(DatasetObject.self, 1).value
      if let graph = Networks.graph(of: classifier) {
        try call.reserveActivations(of: graph, images: min(options.batchSize, data.count))
      }
      let result = try classifier.evaluated(on: data, options: options, execution: session.execution)
      session.progress.clear()
      return .object(EvaluationObject(result))
    }
  }

  private var compare: LuaFunction {
    LuaFunction(
      "compare",
      "Says how close scores are to a reference's: sqnr in dB, kl in nats, agreement in %; with labels loss and top1 too.",
      parameters: [
        LuaParameter("network", "augq.Model|augq.Quantized", "what to measure"),
        LuaParameter("reference", "augq.Model|augq.Quantized", "what it is compared with"),
        LuaParameter("data", "augq.Dataset", "images; with labels there are loss and top1 too"),
        LuaParameter("options", "table", "options", optional: true),
      ],
      options: [LuaOption("batch", .integer(1...100_000), default: "200", "images scored in one call")],
      returns: "table<string, number>"
    ) { call in
      let (network, reference) = (
        try Networks.trainable(call, 0).value, try Networks.trainable(call, 1).value
      )
      let data = try call.object(DatasetObject.self, 2).value
      var options = EvaluationOptions()
      options.batchSize = try call.options(3).integer("batch") ?? options.batchSize
      options.progress = { [progress = session.progress] in progress.update("compare", done: $0, total: $1) }
      try call.reserveActivations(of: network.model.graph, images: min(options.batchSize, data.count))
      let found = try network.fidelity(
        to: reference, on: data, options: options, execution: session.execution)
      session.progress.clear()
      let labelled = found.labelled.map { labelled -> [(key: String, value: LuaValue)] in
        [
          ("loss", .number(labelled.loss)), ("loss_increase", .number(labelled.lossIncrease)),
          ("top1", .number(labelled.top1)), ("top1_drop", .number(labelled.top1Drop)),
        ]
      }
      return .table(
        [
          ("sqnr", .number(found.sqnr)), ("kl", .number(found.kl)), ("agreement", .number(found.agreement)),
        ] + (labelled ?? []))
    }
  }

  private var train: LuaFunction {
    LuaFunction(
      "train",
      "Minimises the softmax cross-entropy over a data set, in place; a quantized network trains through its fake quantizers.",
      parameters: [
        LuaParameter("network", "augq.Model|augq.Quantized", "what to train"),
        LuaParameter("options", "table", "options"),
      ],
      options: [
        LuaOption("data", .object(["augq.Dataset"]), default: nil, "training images"),
        LuaOption("validation", .object(["augq.Dataset"]), "images to measure after each epoch"),
        LuaOption("epochs", .integer(1...100_000), default: "1", "passes over the data"),
        LuaOption("batch", .integer(1...65_536), default: "128", "images per step"),
        LuaOption("optimizer", .object(["augq.Optimizer"]), default: nil, "augq.optimizer.sgd{…} or adam{…}"),
        LuaOption(
          "schedule", .object(["augq.Schedule"]), default: "constant", "augq.schedule.cosine{…} or the like"),
        LuaOption("augment", .any("{ crop = pixels, flip = boolean }"), "random changes of the images"),
        LuaOption(
          "label_smoothing", .number(0...0.99), default: "0", "share of the target spread over all classes"),
        LuaOption("seed", .integer(0...Int.max), default: "1", "seed of order and augmentation"),
        LuaOption(
          "on_epoch", .function, "called with { number, loss, train_top1, validation_top1, seconds }"),
      ], returns: "{ epochs: table[], last: table, seconds: number }"
    ) { call in
      let given = try call.options(1)
      let options = try trainingOptions(given)
      let validation = given.object("validation", DatasetObject.self)?.value
      guard let data = given.object("data", DatasetObject.self)?.value else { return .none }
      var network = try Networks.trainable(call, 0)
      try call.reserveActivations(
        of: network.value.model.graph, images: min(options.batchSize, data.count), keepsAll: true)
      let records = try network.value.train(
        on: data, validation: validation, options: options, observer: observer(given),
        execution: session.execution)
      try network.store()
      let rows = records.map(record)
      return .table([
        ("epochs", .list(rows)), ("last", rows.last ?? .nil),
        ("seconds", .number(records.reduce(0) { $0 + $1.seconds })),
      ])
    }
  }

  private func trainingOptions(_ given: LuaOptions) throws -> TrainingOptions {
    guard let optimizer = given.object("optimizer", OptimizerObject.self)?.value else {
      throw LuaUsageError("option 'optimizer' is missing")
    }
    let schedule = given.object("schedule", ScheduleObject.self)?.value ?? LearningRateSchedule(.constant)
    var options = TrainingOptions(optimizer: optimizer, schedule: schedule)
    options.epochs = given.integer("epochs") ?? 1
    options.batchSize = given.integer("batch") ?? 128
    options.labelSmoothing = Float(given.number("label_smoothing") ?? 0)
    options.seed = UInt64(given.integer("seed") ?? 1)
    if let augment = given.value("augment") {
      guard case .table(let members) = augment else {
        throw LuaUsageError(
          "option 'augment' is \(augment.shown); expected { crop = pixels, flip = boolean }")
      }
      if let unknown = members.first(where: { !["crop", "flip"].contains($0.key) }) {
        throw LuaUsageError(
          "option 'augment' has no key '\(unknown.key)'. \(nearest(unknown.key, among: ["crop", "flip"]))")
      }
      let (crop, flip) = (augment["crop"] ?? .integer(0), augment["flip"] ?? .boolean(false))
      guard let pixels = crop.integer, (0...4096).contains(pixels), let mirrors = flip.boolean else {
        throw LuaUsageError(
          "option 'augment' has crop \(crop.shown) and flip \(flip.shown); expected pixels in 0 ... 4096 and true or false"
        )
      }
      options.augmentation = Augmentation(crop: pixels, flip: mirrors)
    }
    return options
  }

  private func observer(_ given: LuaOptions) -> TrainingObserver {
    var observer = TrainingObserver()
    observer.onStep = { session.progress.update("epoch \($0)", done: $1, total: $2) }
    observer.onEpoch = { epoch in
      session.progress.clear()
      try given.function("on_epoch")?.call([record(epoch)])
    }
    return observer
  }

  private func record(_ epoch: EpochRecord) -> LuaValue {
    .table([
      ("number", .integer(epoch.number)), ("loss", .number(epoch.loss)),
      ("train_top1", .number(epoch.trainTop1)),
      ("validation_top1", epoch.validationTop1.map { .number($0) } ?? .nil),
      ("seconds", .number(epoch.seconds)),
    ])
  }

  static let modules = [
    LuaModule(
      "optimizer", "Rules that move parameters against their gradients.",
      functions: [
        LuaFunction(
          "sgd", "Stochastic gradient descent with momentum.",
          parameters: [LuaParameter("options", "table", "options")],
          options: [
            LuaOption("learning_rate", .number(0...1e6), default: nil, "before the schedule"),
            LuaOption("momentum", .number(0...0.9999), default: "0.9", "share of the velocity kept"),
            LuaOption(
              "nesterov", .boolean, default: "false", "whether the gradient looks ahead along the velocity"),
            LuaOption("weight_decay", .number(0...1), default: "0", "pull of weights towards zero"),
          ], returns: "augq.Optimizer"
        ) { call in
          let given = try call.options(0)
          return .object(
            OptimizerObject(
              SGD(
                learningRate: Float(given.number("learning_rate") ?? 0),
                momentum: Float(given.number("momentum") ?? 0.9),
                nesterov: given.boolean("nesterov") ?? false,
                weightDecay: Float(given.number("weight_decay") ?? 0))))
        },
        LuaFunction(
          "adam", "Adam.", parameters: [LuaParameter("options", "table", "options", optional: true)],
          options: [
            LuaOption("learning_rate", .number(0...1e6), default: "0.001", "before the schedule"),
            LuaOption("weight_decay", .number(0...1), default: "0", "pull of weights towards zero"),
          ], returns: "augq.Optimizer"
        ) { call in
          let given = try call.options(0)
          return .object(
            OptimizerObject(
              Adam(
                learningRate: Float(given.number("learning_rate") ?? 1e-3),
                weightDecay: Float(given.number("weight_decay") ?? 0))))
        },
      ]),
    LuaModule(
      "schedule", "What the learning rate is multiplied by as training goes on.",
      functions: [
        LuaFunction(
          "cosine", "From 1 to 0 along half a cosine.",
          parameters: [LuaParameter("options", "table", "options", optional: true)],
          options: [warmup], returns: "augq.Schedule"
        ) { call in
          .object(
            ScheduleObject(
              LearningRateSchedule(.cosine, warmupEpochs: try call.options(0).number("warmup_epochs") ?? 0)))
        },
        LuaFunction(
          "step", "Multiplied by a factor at given epochs.",
          parameters: [LuaParameter("options", "table", "options")],
          options: [
            LuaOption("epochs", .numbers, default: nil, "when, counted from 0"),
            LuaOption("factor", .number(0...1), default: "0.1", "by what"), warmup,
          ], returns: "augq.Schedule"
        ) { call in
          let given = try call.options(0)
          let course = LearningRateSchedule.Course.step(
            epochs: given.numbers("epochs") ?? [], factor: given.number("factor") ?? 0.1)
          return .object(
            ScheduleObject(LearningRateSchedule(course, warmupEpochs: given.number("warmup_epochs") ?? 0)))
        },
      ]),
  ]

  private static let warmup = LuaOption(
    "warmup_epochs", .number(0...1e6), default: "0", "epochs in which the rate rises from 0")

  static let types = [
    LuaType(
      "augq.Optimizer", "A rule that moves parameters.", for: OptimizerObject.self,
      description: { "\(type(of: $0.value))" }),
    LuaType(
      "augq.Schedule", "The course of the learning rate.", for: ScheduleObject.self,
      description: { "\($0.value.course)" }),
    LuaType(
      "augq.Evaluation", "How well a network does on a data set.", for: EvaluationObject.self,
      properties: [
        LuaProperty("top1", "number", "top-1 accuracy, percent") {
          .number(try $0.receiver(EvaluationObject.self).value.top1)
        },
        LuaProperty("count", "integer", "images scored") {
          .integer(try $0.receiver(EvaluationObject.self).value.count)
        },
        LuaProperty("correct", "integer", "images right") {
          .integer(try $0.receiver(EvaluationObject.self).value.correct)
        },
        LuaProperty("seconds", "number", "wall-clock time") {
          .number(try $0.receiver(EvaluationObject.self).value.seconds)
        },
        LuaProperty("images_per_second", "number", "images per second of wall-clock time") {
          .number(try $0.receiver(EvaluationObject.self).value.imagesPerSecond)
        },
      ],
      description: { description($0.value) },
      inspection: { Inspection.text(description($0.value), $0.value) }),
  ]

  private static func description(_ result: Evaluation) -> String {
    "\((result.top1 * 100).rounded() / 100) %"
  }
}
