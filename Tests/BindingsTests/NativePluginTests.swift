import Foundation
import LuaRuntime
import Tensors
import TestSupport
import Testing

@testable import Bindings

/// Native plugins: off unless allowed by name; the example of `Plugins/error_diffusion`, compiled as its README says.
@Suite(.enabled(if: Shell.hasCompiler, "there is no C compiler"))
struct NativePluginTests {
  private let scratch: Scratch
  private var package: String { scratch.path("error_diffusion") }

  init() throws {
    scratch = try Scratch()
    try FileManager.default.copyItem(
      atPath: PluginTests.folder + "/error_diffusion", toPath: scratch.path("error_diffusion"))
    try? FileManager.default.removeItem(atPath: library)
  }

  private var library: String { "\(package)/\(NativeLibrary.path(package: "error_diffusion"))" }

  private func build() throws {
    let header = PluginTests.folder + "/../Sources/CPluginABI/include"
    #expect(try Shell.run("./build.sh '\(header)'", in: package + "/native") == 0)
  }

  private func state(allowing names: [String]) throws -> (LuaState, PluginCatalogue, Session) {
    let session = Session(
      scriptPath: "test.lua", arguments: [], pluginFolders: [scratch.url.path, PluginTests.folder],
      allowedNative: names)
    let lua = try LuaState()
    lua.register(Library.module(session))
    return (lua, PluginCatalogue(session: session, lua: lua), session)
  }

  private func entry(_ catalogue: PluginCatalogue) throws -> PluginEntry {
    try #require(catalogue.entries(kind: "rounding").first { $0.name == "error_diffusion" })
  }

  @Test func nativeCodeIsOffUntilTheUserAllowsIt() throws {
    try build()
    let (_, catalogue, _) = try state(allowing: ["another"])

    let description = catalogue.description(of: try entry(catalogue))

    #expect(description.isOff)
    #expect(
      description.problem
        == "\(package): package 'error_diffusion' brings native code, which is not confined. If you trust it, add --allow-native error_diffusion."
    )
    #expect(!catalogue.active().contains { $0.name == "error_diffusion" })
  }

  @Test func consentToANameIsConsentToOnePackage() throws {
    try build()
    let (_, catalogue, _) = try state(allowing: ["error_diffusion"])

    #expect(
      catalogue.description(of: try entry(catalogue)).problem
        == "\(package): \(PluginTests.folder)/error_diffusion is a package 'error_diffusion' too. Allow the one you trust by its folder: --allow-native \(package)"
    )
  }

  @Test func aMissingOrBrokenLibraryIsTold() throws {
    let (_, catalogue, _) = try state(allowing: [package])
    let place = NativeLibrary.path(package: "error_diffusion")

    #expect(
      catalogue.description(of: try entry(catalogue)).problem
        == "\(package)/plugin.lua: its library \(place) is not there. Build it.")

    try scratch.write("no library", to: "error_diffusion/\(place)")
    let problem = catalogue.description(of: try entry(catalogue)).problem
    #expect(problem == "\(library): cannot be loaded: \(library): file too short. Build it again.")

    for (source, message) in [
      ("int other;", ": exports no augq_plugin_init. See augq_plugin.h."),
      (
        "int augq_plugin_init(const void *host) { return host ? 7 : 0; }",
        ": augq_plugin_init returned 7; it does not work with this augq."
      ),
    ] {
      try scratch.write(source, to: "error_diffusion/native/error_diffusion.c")
      try? FileManager.default.removeItem(atPath: library)
      try build()
      let problem = catalogue.description(of: try entry(catalogue)).problem
      #expect(problem == library + message)
    }
  }

  @Test func theExampleObeysTheLawsAndMatchesTheSameRuleInLua() throws {
    try build()
    let (lua, catalogue, session) = try state(allowing: [package])

    #expect(PluginLaws(session: session, lua: lua).failures(of: try entry(catalogue)) == [])
    // With one output channel a layer, memory order is the order of the channel.
    let same = try lua.evaluate(
      """
      local augq = require "augq"
      local g = augq.graph { 4, 4, 8 }
      g:linear(g:flatten(g:conv2d(g.input, { filters = 1, kernel = 3 })), { features = 1 })
      local model = augq.build(g, { seed = 3 })
      local images = augq.data.of(augq.tensor.normal({ 8, 4, 4, 8 }, 1):clamp(0, 1), { 0, 1, 0, 1, 0, 1, 0, 1 }, { classes = 2 })
      local q = augq.quantize(model, {
        weights = augq.granularity.uniform { bits = 2 }, activations = augq.granularity.uniform { bits = 8 },
        calibration = images, first_last = "same",
      })
      local function weights(method) return augq.round(q, { method = method, calibration = images }):forward(images:images()) end
      return weights "error_diffusion":values()[1] ~= weights "nearest":values()[1]
        and (weights "error_diffusion" - weights "dithered"):abs():max()
      """, name: "=compare")
    #expect(same.number == 0, "\(same.shown)")
  }

  /// A library written here: what its functions may do wrong is an error of the script.
  @Test func whatNativeFunctionsDoWrongIsTold() throws {
    try scratch.write(
      """
      #include "augq_plugin.h"
      static void refuse(const augq_host *host, augq_call *call, const augq_tensor *t, const double *n, void *c) {
        (void)t, (void)n, (void)c;
        host->fail(call, "no such luck");
      }
      static void forget(const augq_host *host, augq_call *call, const augq_tensor *t, const double *n, void *c) {
        (void)host, (void)call, (void)t, (void)n, (void)c;
      }
      static void twice(const augq_host *host, augq_call *call, const augq_tensor *t, const double *n, void *c) {
        (void)n;
        float *y = host->result(call, t[0].rank, t[0].shape);
        if (host->result(call, 1, t[0].shape)) host->fail(call, "a second result");
        for (size_t i = 0; i < t[0].count; i++) y[i] = *(float *)c * t[0].values[i];
      }
      static float factor = 2;
      int augq_plugin_init(const augq_host *host) {
        if (!host->add(host, "not a name", "", 0, 0, refuse, 0)) return 2;
        if (!host->add(host, "many", "", 9, 8, refuse, 0)) return 3;
        if (host->add(host, "refuse", "", 0, 1, refuse, 0)) return 4;
        if (!host->add(host, "refuse", "", 0, 1, refuse, 0)) return 5;
        return host->add(host, "forget", "", 1, 0, forget, 0) | host->add(host, "twice", "", 1, 0, twice, &factor);
      }
      """, to: "error_diffusion/native/error_diffusion.c")
    try scratch.write(
      """
      return {
        options = { body = { "", "what to do" } },
        choose = function(weight, _, _, options) return load("local native, weight = ... return " .. options.body)(native, weight) end,
      }
      """, to: "error_diffusion/rounding/error_diffusion.lua")
    try build()
    let (lua, _, session) = try state(allowing: [package])
    let plugin = try PluginFiles(session: session).load("rounding", "error_diffusion", lua)
    func outcome(_ body: String) -> String {
      do {
        let weight = LuaValue.object(TensorObject(.init([2], [1, 2])))
        let found = try plugin.call("choose", [weight, weight, weight, .table([("body", .string(body))])])[0]
        guard case .object(let object) = found, let tensor = object as? TensorObject else {
          return found.shown
        }
        return "\(tensor.value.values)"
      } catch {
        return (error as? LuaError)?.message ?? "\(error)"
      }
    }

    #expect(outcome("native.twice(weight)").contains("[2.0, 4.0]"))
    for (body, message) in [
      ("native.refuse(3)", "native.refuse of package 'error_diffusion': no such luck"),
      ("native.forget(weight)", "native.forget of package 'error_diffusion' ended without a result"),
      (
        "native.twice(require 'augq'.tensor.zeros { 0, 4 })",
        "native.twice: argument 1 (tensor1) is a tensor 0x4; native code takes 1 ... 8 axes and no empty tensor"
      ),
      ("native.twice(3)", "native.twice: argument 1 (tensor1) is 3; expected an augq.Tensor"),
      ("native.refuse(weight)", "native.refuse: argument 1 (number1) is an augq.Tensor; expected a number"),
    ] {
      #expect(outcome(body).hasSuffix(message), "\(outcome(body))")
    }
  }
}

private enum Shell {
  static let hasCompiler = (try? run("command -v cc || command -v clang", in: ".")) == 0

  static func run(_ command: String, in folder: String) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
