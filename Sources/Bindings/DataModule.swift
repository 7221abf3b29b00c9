import Interchange
import LuaRuntime
import Tensors

/// `augq.data`: labelled images.
enum DataModule {
  static let module = LuaModule(
    "data", "Data sets of labelled images.",
    functions: [
      LuaFunction(
        "fashion_mnist", "Loads Fashion-MNIST: 60,000 training and 10,000 test images, 28x28 grey.",
        parameters: [LuaParameter("options", "table", "options", optional: true)],
        options: [
          LuaOption(
            "folder", .path(.read),
            "folder with the four IDX files, .gz or plain; else $AUGQ_FASHION_MNIST, else Debian's")
        ], returns: "{ train: augq.Dataset, test: augq.Dataset }"
      ) { call in
        let folder = try call.options(0).string("folder")
        // In a folder that confined code names, files may be links.
        if let folder, call.lua.sandbox != nil {
          for name in FileStatus.names(in: folder) { _ = try call.lua.path("\(folder)/\(name)", for: .read) }
        }
        let (train, test) = try FashionMNIST.load(folder: folder)
        return .table([("train", .object(DatasetObject(train))), ("test", .object(DatasetObject(test)))])
      },
      LuaFunction(
        "cifar10", "Loads CIFAR-10 binary batches (.bin or .bin.gz) as one data set, 32x32 RGB.",
        parameters: [LuaParameter("files", "string[]", "paths of the batches, in order")],
        returns: "augq.Dataset"
      ) { call in
        let elements = call.value(0).elements ?? []
        let files = elements.compactMap(\.text)
        guard !files.isEmpty, files.count == elements.count else { throw call.wrong(0, "a list of paths") }
        return .object(
          DatasetObject(try CIFAR10.load(files: files.map { try call.lua.path($0, for: .read) })))
      },
      LuaFunction(
        "image_folder",
        "Lists a folder with one folder of JPEG and PNG files per class; decodes them when needed.",
        parameters: [
          LuaParameter("folder", "string", "numbers as names of class folders are the labels, from 0"),
          LuaParameter("options", "table", "options", optional: true),
        ],
        options: [
          LuaOption("resize", .integer(1...16384), "length of the shorter side, antialiased"),
          LuaOption("crop", .integer(1...16384), "height and width of the middle that is kept"),
          LuaOption("classes", .integer(1...1_000_000), "number of classes; else as the folders show"),
        ],
        returns: "augq.Dataset"
      ) { call in
        let given = try call.options(1)
        let transform = ImageTransform(shorterSide: given.integer("resize"), crop: given.integer("crop"))
        return .object(
          DatasetObject(
            try ImageFolder.load(
              try call.path(0, for: .read), transform: transform, classCount: given.integer("classes"),
              followsLinks: call.lua.sandbox == nil)))
      },
      LuaFunction(
        "of", "Makes a data set of a tensor of images in 0 ... 1, kept as bytes, and their classes.",
        parameters: [
          LuaParameter("images", "augq.Tensor", "[N, H, W, C]"),
          LuaParameter("labels", "integer[]", "a class per image, from 0"),
          LuaParameter("options", "table", "options", optional: true),
        ],
        options: [LuaOption("classes", .integer(1...256), "number of classes; else as the labels show")],
        returns: "augq.Dataset"
      ) { call in
        let (images, labels) = (try call.object(TensorObject.self, 0).value, try call.integers(1))
        let classes = try call.options(2).integer("classes") ?? ((labels.max() ?? 0) + 1)
        guard images.shape.rank == 4, labels.count == images.shape[0], (1...256).contains(classes),
          labels.allSatisfy({ (0..<classes).contains($0) })
        else {
          throw LuaUsageError(
            "images are \(images.shape) with \(labels.count) labels of \(classes) classes; expected [N, H, W, C], N labels "
              + "and each in 0 ... classes - 1, classes at most 256")
        }
        let bytes = try images.values.enumerated().map { index, value in
          guard value >= 0, value <= 1 else {
            throw LuaUsageError(
              "value \(value) at index \(index + 1) is outside 0 ... 1; scale or clamp the images")
          }
          return UInt8((value * 255).rounded())
        }
        return .object(
          DatasetObject(
            try Dataset(
              name: "a tensor", imageShape: images.shape.droppingFirst,
              classNames: (0..<classes).map(String.init),
              pixels: bytes, labels: labels.map { UInt8($0) })))
      },
      LuaFunction(
        "raw", "Loads a file of rows without a header, plain or .gz; networks read x scale + shift.",
        parameters: [LuaParameter("file", "string", "path"), LuaParameter("options", "table", "options")],
        options: [
          LuaOption("shape", .numbers, default: nil, "shape of one row, {H, W, C} or {features}"),
          LuaOption(
            "type", .name(RawRows.ValueType.allCases.map(\.rawValue)), default: nil, "type of a value"),
          LuaOption("labels", .path(.read), "file of one byte per row"),
          LuaOption("classes", .integer(1...256), "number of classes; else as the labels show"),
        ] + DatasetNormalization.affine,
        returns: "augq.Dataset"
      ) { call in
        let given = try call.options(1)
        guard let type = RawRows.ValueType(rawValue: given.string("type") ?? "") else {
          throw call.wrong(1, "a type")
        }
        return .object(
          DatasetObject(
            try RawRows.load(
              try call.path(0, for: .read), shape: try rowShape(given), type: type,
              labels: given.string("labels"),
              classCount: given.integer("classes"), map: try DatasetNormalization(given).map)))
      },
    ],
    types: [type])

  private static func rowShape(_ given: LuaOptions) throws -> Shape {
    let extents = (given.numbers("shape") ?? []).compactMap { Int(exactly: $0) }
    guard !extents.isEmpty, extents.count == given.numbers("shape")?.count, extents.allSatisfy({ $0 >= 1 }),
      extents.reduce(1.0, { $0 * Double($1) }) < 0x1p31
    else {
      throw LuaUsageError(
        "option 'shape' is \(given.value("shape")?.shown ?? "missing"); expected a list of extents of at least 1, "
          + "below 2^31 values together")
    }
    return Shape(extents)
  }

  private static let type = LuaType(
    "augq.Dataset", "Labelled images.", for: DatasetObject.self,
    methods: [
      LuaFunction(
        "sample", "Returns different images drawn at random.",
        parameters: [
          LuaParameter("count", "integer", "how many"),
          LuaParameter("options", "table", "options", optional: true),
        ],
        options: [LuaOption("seed", .integer(0...Int.max), default: "1", "seed of the draw")],
        returns: "augq.Dataset"
      ) { call in
        let seed = UInt64(try call.options(1).integer("seed") ?? 1)
        let sample = try call.receiver(DatasetObject.self).value.sample(
          try call.integer(0, in: 0...Int.max), seed: seed)
        return .object(DatasetObject(sample))
      },
      LuaFunction(
        "subset", "Returns the images first ... last, counted from 1.",
        parameters: [
          LuaParameter("first", "integer", "first image"),
          LuaParameter("last", "integer", "last image, included"),
        ], returns: "augq.Dataset"
      ) { call in
        let (first, last) = (try call.integer(0, in: 1...Int.max), try call.integer(1, in: 0...Int.max - 1))
        let range = first - 1..<max(first - 1, last)
        return .object(DatasetObject(try call.receiver(DatasetObject.self).value.subset(range)))
      },
      LuaFunction(
        "normalized",
        "Returns the images as (x / 255 - mean) / std, or as x scale + shift, x the stored values; forgets an earlier map.",
        parameters: [LuaParameter("options", "table", "options")], options: DatasetNormalization.options,
        returns: "augq.Dataset"
      ) { call in
        let data = try call.receiver(DatasetObject.self).value
        return .object(DatasetObject(try DatasetNormalization(try call.options(0)).applied(to: data)))
      },
      LuaFunction(
        "images", "Returns all images as one tensor, [N, H, W, C], in 0 ... 1 unless normalised.",
        returns: "augq.Tensor"
      ) { call in
        let data = try call.receiver(DatasetObject.self).value
        let bytes = data.count * data.imageShape.count * MemoryLayout<Float>.stride
        try call.lua.reserve(bytes: bytes, for: "\(data.count) images")
        return .object(TensorObject(try data.batch(0..<data.count).images))
      },
    ],
    properties: [
      LuaProperty("count", "integer", "number of images") {
        .integer(try $0.receiver(DatasetObject.self).value.count)
      },
      LuaProperty("classes", "string[]", "names of the classes") { call in
        .list(try call.receiver(DatasetObject.self).value.classNames.map { .string($0) })
      },
      LuaProperty("shape", "integer[]", "shape of one image, {H, W, C}") { call in
        .list(try call.receiver(DatasetObject.self).value.imageShape.dimensions.map { .integer($0) })
      },
    ],
    operators: [(.length, { .integer(try $0.object(DatasetObject.self, 0).value.count) })],
    description: { description($0.value) }, inspection: { Inspection.text(description($0.value), $0.value) })

  private static func description(_ data: Dataset) -> String {
    "\(data.name): \(data.count) images \(data.imageShape)"
  }
}
