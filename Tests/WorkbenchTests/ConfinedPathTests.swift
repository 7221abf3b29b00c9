import Bindings
import LuaRuntime
import TestSupport
import Testing
import Workbench

/// Every binding that takes a path is confined: the rows are matched with the binding tables.
@Suite struct ConfinedPathTests {
  /// A call for each parameter or option that names a file or a folder, with `P` for the path.
  static let calls: [String: String] = [
    "augq.load.source": "augq.load(P)", "augq.load.weights": "augq.load('net', { weights = P })",
    "augq.build.source": "augq.build(P)", "augq.architecture.path": "augq.architecture(P)",
    "augq.load_engine.path": "augq.load_engine(P)", "augq.golden_check.path": "augq.golden_check(P)",
    "augq.reconstruct.folder": "augq.reconstruct(q, { calibration = images, folder = P })",
    "augq.artifact.path": "augq.artifact(P)",
    "augq.runs.folder": "augq.runs { folder = P }",
    "augq.Figure.save.path": "augq.figure.bars({ { 'a', 1 } }):save(P)",
    "augq.export.path": "augq.export(model, P, { format = 'c_header' })",
    "augq.tensor.load.path": "augq.tensor.load(P, 'x')",
    "augq.data.fashion_mnist.folder": "augq.data.fashion_mnist { folder = P }",
    "augq.data.cifar10.files": "augq.data.cifar10 { P }",
    "augq.data.image_folder.folder": "augq.data.image_folder(P)",
    "augq.data.raw.file": "augq.data.raw(P, { shape = { 1 }, type = 'uint8' })",
    "augq.data.raw.labels": "augq.data.raw('images.bin', { shape = { 1 }, type = 'uint8', labels = P })",
    "augq.Model.save.path": "model:save(P)", "augq.Engine.save.path": "q:compile():save(P)",
  ]

  private static let pathNames = ["path", "file", "files", "folder", "source", "weights", "labels"]

  /// The places in the binding tables that take a path by their name and type.
  private static func places(_ module: LuaModule, _ prefix: String) -> [String] {
    func places(_ function: LuaFunction, _ prefix: String) -> [String] {
      let parameters = function.parameters.filter { $0.type.hasPrefix("string") }.map(\.name)
      let options = function.options.filter {
        switch $0.kind {
        case .string, .path: true
        default: false
        }
      }.map(\.name)
      return (parameters + options).filter(pathNames.contains).map { "\(prefix)\(function.name).\($0)" }
    }
    return module.functions.flatMap { places($0, "\(prefix).") }
      + module.types.flatMap { type in type.methods.flatMap { places($0, "\(type.name).") } }
      + module.modules.flatMap { Self.places($0, "\(prefix).\($0.name)") }
  }

  @Test func everyPathOfTheBindingTablesHasARow() {
    let module = Library.module(Session(scriptPath: "", arguments: []))

    #expect(Set(Self.places(module, "augq")) == Set(Self.calls.keys))
  }

  @Test(arguments: calls.keys.sorted())
  func noBindingLeavesTheRoots(place: String) throws {
    let folder = try Scratch()
    try folder.write(
      """
      local augq = require "augq"
      local file <close> = assert(io.open("images.bin", "wb"))
      for image = 0, 7 do file:write(string.char(image), string.rep(string.char(image * 30, 255 - image), 1536)) end
      file:flush()
      local images = augq.data.cifar10 { "images.bin" }
      local graph = augq.graph { 32, 32, 3 }
      local body = graph:relu(graph:conv2d(graph.input, { filters = 2, kernel = 3, stride = 4 }))
      graph:linear(graph:flatten(body), { features = 10 })
      local model = augq.build(graph)
      model:save "net"
      local grid = augq.granularity.augq { bits = 2 }
      local q = augq.quantize(model, { weights = grid, activations = grid, calibration = images })
      local P = arg[1]
      \(Self.calls[place] ?? "")
      """, to: "recipe.lua")
    let outside = try Scratch()

    let outcome = try guardedRun(
      ["run", "--profile", "restricted", "--root", ".", "recipe.lua", outside.path("x")], in: folder)

    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("is outside the folders that this code may"), "\(outcome.errors)")
    #expect(try outside.names().isEmpty)
  }

  /// A file that a restricted script writes is no way around: model files run in its own environment.
  @Test func modelFilesRunWhereTheirLoaderDoes() throws {
    let folder = try Scratch()
    try folder.write(
      """
      local file = io.open("net.lua", "w")
      file:write "os.execute 'touch escaped'"
      file:close()
      require "augq".architecture "net"
      """, to: "recipe.lua")

    let outcome = try guardedRun(["run", "--profile", "restricted", "--root", ".", "recipe.lua"], in: folder)

    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("'os.execute' is not available to restricted code"), "\(outcome.errors)")
    #expect(try folder.names() == ["net.lua", "recipe.lua"])
  }
}
