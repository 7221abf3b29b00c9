// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

// Debug builds compile C at -O0, which makes kernels 30 times slower: force -O3 there too.
let kernelSettings: [CSetting] = [
  .unsafeFlags(["-O3"], .when(configuration: .debug)),
  .define("_GNU_SOURCE"),
]

/// One Swift target of ours; `imports` lists every module it may import, and the build refuses others.
func swiftTarget(
  _ name: String, imports: [Target.Dependency], exclude: [String] = [], resources: [Resource] = []
) -> Target {
  .target(
    name: name, dependencies: imports, exclude: exclude, resources: resources, swiftSettings: swiftSettings)
}

/// The tests of one target, in `Tests/<target>Tests`.
func tests(of name: String, imports: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.init(stringLiteral: name), "TestSupport"] + imports,
    swiftSettings: swiftSettings)
}

let package = Package(
  name: "augq",
  products: [.executable(name: "augq", targets: ["augq"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
  ],
  targets: [
    .systemLibrary(
      name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"]), .brew(["lua@5.4"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CMarkdown", pkgConfig: "libcmark-gfm",
      providers: [.apt(["libcmark-gfm-dev", "libcmark-gfm-extensions-dev"]), .brew(["cmark-gfm"])]),
    .systemLibrary(name: "CDigest", pkgConfig: "libmd", providers: [.apt(["libmd-dev"]), .brew(["libmd"])]),
    .target(name: "CKernels", cSettings: kernelSettings),
    .target(name: "CProcess", cSettings: kernelSettings),
    .target(name: "CPluginABI"),
    .target(
      name: "COneDNN", cSettings: kernelSettings,
      linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("dl", .when(platforms: [.linux]))]),
    .target(
      name: "CLuaShim", dependencies: ["CLua"], cSettings: kernelSettings,
      linkerSettings: [.linkedLibrary("lua5.4", .when(platforms: [.linux]))]),
    .target(
      name: "CImages", cSettings: kernelSettings,
      linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png")]),
    .target(name: "CLineEditor", cSettings: kernelSettings, linkerSettings: [.linkedLibrary("edit")]),

    swiftTarget("Tensors", imports: ["CKernels"]),
    swiftTarget("Layers", imports: ["Tensors", "CKernels", "COneDNN"]),
    swiftTarget("Quantizers", imports: ["Layers", "Tensors", "CKernels"]),
    swiftTarget("Reconstruction", imports: ["Quantizers", "Layers", "Tensors", "CKernels", "COneDNN"]),
    swiftTarget("Packing", imports: ["Quantizers", "Tensors"]),
    swiftTarget("Inference", imports: ["Packing", "Quantizers", "Layers", "Tensors", "CKernels"]),
    swiftTarget(
      "Interchange",
      imports: [
        "Layers", "Tensors", "CImages", "CZlib", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["ONNX/onnx.proto"]),
    swiftTarget(
      "Pipelines",
      imports: [
        "Reconstruction", "Inference", "Packing", "Quantizers", "Interchange", "Layers", "Tensors",
      ]),
    swiftTarget("Reporting", imports: ["CMarkdown"]),
    swiftTarget(
      "Runs", imports: ["Interchange", "Tensors", "CDigest", .product(name: "GRDB", package: "GRDB.swift")]),
    swiftTarget("LuaRuntime", imports: ["CLuaShim"]),
    swiftTarget(
      "Bindings",
      imports: [
        "LuaRuntime", "Pipelines", "Reconstruction", "Inference", "Packing", "Quantizers", "Interchange",
        "Layers", "Tensors", "Reporting", "Runs", "CPluginABI",
      ]),
    swiftTarget(
      "Workbench",
      imports: [
        "Bindings", "LuaRuntime", "Inference", "Interchange", "Runs", "Tensors", "CKernels", "COneDNN",
        "CLineEditor", "CProcess", "Reporting", .product(name: "Mustache", package: "swift-mustache"),
      ]),
    swiftTarget(
      "Benchmarks",
      imports: [
        "Bindings", "LuaRuntime", "Interchange", "Inference", "Reconstruction", "Quantizers", "Layers",
        "Tensors", "CKernels", "Reporting",
      ]),
    .executableTarget(
      name: "augq",
      dependencies: [
        "Workbench", "Bindings", "Benchmarks", "Interchange", "Runs", "Tensors", "Reporting",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),

    .target(
      name: "FuzzTargets", dependencies: ["Interchange", "Layers", "Tensors"], path: "Tests/Fuzzing/Targets",
      swiftSettings: swiftSettings),
    .target(
      name: "TestSupport", dependencies: ["Tensors"], path: "Tests/TestSupport",
      swiftSettings: swiftSettings),
    tests(of: "Tensors"),
    tests(of: "Layers", imports: ["Tensors"]),
    tests(of: "Quantizers", imports: ["Layers", "Tensors", "Interchange", "CKernels"]),
    tests(
      of: "Reconstruction",
      imports: ["Interchange", "Quantizers", "Layers", "Tensors", "CKernels"]),
    tests(of: "Packing", imports: ["Quantizers", "Tensors"]),
    tests(
      of: "Inference",
      imports: ["Packing", "Quantizers", "Interchange", "Layers", "Tensors", "CKernels"]),
    tests(
      of: "Interchange",
      imports: [
        "FuzzTargets", "Layers", "Tensors", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    tests(
      of: "Pipelines",
      imports: ["Inference", "Packing", "Quantizers", "Interchange", "Layers", "Tensors"]),
    tests(of: "Reporting"),
    tests(of: "Runs"),
    .executableTarget(
      name: "LuaHost", dependencies: ["LuaRuntime"], path: "Tests/LuaHost", swiftSettings: swiftSettings),
    tests(of: "LuaRuntime", imports: ["LuaHost"]),
    tests(of: "Bindings", imports: ["LuaRuntime", "Tensors"]),
    tests(of: "Workbench", imports: ["Bindings", "LuaRuntime", "Runs", "Tensors"]),
    .testTarget(name: "ScriptTests", dependencies: ["TestSupport"], swiftSettings: swiftSettings),
  ],
  cLanguageStandard: .c11
)

// libFuzzer brings its own entry point and instruments what it links: only `Tests/Fuzzing/run` asks for these.
if Context.environment["AUGQ_FUZZING"] != nil {
  package.targets += ["FuzzONNX", "FuzzSafetensors"].map { name in
    .executableTarget(
      name: name, dependencies: ["FuzzTargets"], path: "Tests/Fuzzing/\(name)",
      swiftSettings: swiftSettings + [.unsafeFlags(["-parse-as-library"])])
  }
}
