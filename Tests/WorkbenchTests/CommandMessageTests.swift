import Foundation
import TestSupport
import Testing

/// What the commands say when they are called wrongly, and the code they end with.
@Suite struct CommandMessageTests {
  static let calls: [(arguments: String, status: Int32, message: String)] = [
    ("run --time 0 x.lua", 64, "Error: --time is 0.0; give seconds above 0."),
    ("run --instructions 0 x.lua", 64, "Error: --instructions is 0; give a number above 0."),
    ("run --threads 0 x.lua", 64, "Error: --threads is 0; give 1 ... 1024."),
    (
      "run --root . x.lua", 64,
      "Error: --root and --read-root bound untrusted recipes; add --profile restricted or isolated."
    ),
    (
      "run --allow-native x --profile restricted x.lua", 64,
      "Error: --allow-native lets code run unconfined; it goes with --profile trusted only."
    ),
    ("plot --width 20", 64, "Error: --width is 20; give 40 ... 400 columns."),
    ("plot none.json", 66, "augq: cannot read none.json. Check the path."),
    ("plugin check --time 0 x.lua", 64, "Error: --time is 0.0; give seconds above 0."),
    (
      "plugin new grid x", 64,
      "augq: there are no grid plugins. Known are allocator, codebook, dataset, export, gradient, granularity, model, "
        + "observer, partition, reconstruction, report, rounding, scheduler, transform."
    ),
    (
      "plugin new observer 9", 64, "augq: '9' cannot name a plugin; use letters, digits and _, a letter first"
    ),
    (
      "plugin new observer x --folder no/such/folder", 73,
      "augq: cannot make no/such/folder: No such file or directory. Make the folder above it first."
    ),
    ("plugin doc granularty x", 64, "augq: there are no granularty plugins. Did you mean 'granularity'?"),
    (
      "plugin doc granularity unifrom", 64, "augq: there is no granularity 'unifrom'. Did you mean 'uniform'?"
    ),
    (
      "plugin check none/grid/x.lua", 78,
      "augq: none/grid/x.lua: a plugin lies in a folder named after its kind, not 'grid'. Known are allocator, codebook, "
        + "dataset, export, gradient, granularity, model, observer, partition, reconstruction, report, rounding, scheduler, transform."
    ),
    (
      "plugin check none/observer/9.lua", 78,
      "augq: none/observer/9.lua: a plugin is a .lua file named with letters, digits and _"
    ),
    (
      "plugin check none/observer/x.lua", 78,
      "augq: none/observer/x.lua: there is no such file. Check the path."
    ),
    (
      "run Scripts/ptq_cifar10.lua --network none", 1,
      "augq: there is no network 'none'; there are ds_cnn, mobilenet_v1_025, mobilenet_v1_075, resnet20, resnet32, resnet44, "
        + "resnet56, resnet8."
    ),
    (
      "run Scripts/ptq_cifar10.lua --network resnet32", 1,
      "augq: the data pack has no weights of resnet32. Give --weights."
    ),
    (
      "run Scripts/ptq_cifar10.lua --data none --weights none", 1,
      "augq: none has no training images (calib_2048.bin.gz, data_batch_1.bin.gz, data_batch_1.bin). "
        + "Give its folder with --data."
    ),
    (
      "run Scripts/compare_networks.lua --quantizers none", 1,
      "augq: there is no quantizer 'none'; there are augq_2bit, uniform_w4a4, uniform_w4a8, uniform_w8a8."
    ),
    (
      "help nothing_of_ours", 64,
      "augq: nothing is documented as 'nothing_of_ours'. 'augq help' lists the modules."
    ),
  ]

  @Test(arguments: calls.indices) func wrongCallsAreExplained(_ index: Int) throws {
    let row = Self.calls[index]

    let outcome = try AugqProcess.run(row.arguments.split(separator: " ").map(String.init))

    #expect(outcome.errors.split(separator: "\n").first.map(String.init) == row.message)
    #expect(outcome.status == row.status)
  }

  @Test func aPluginThatNeverEndsIsStoppedAndTold() throws {
    let folder = try Scratch()
    try folder.write("while true do end", to: "observer/mine.lua")
    let path = folder.path("observer/mine.lua")

    let outcome = try AugqProcess.run(["plugin", "check", "--time", "2", path])

    #expect(outcome.errors == "augq: \(path) did not end within 2.0 s; look for a loop that has no end\n")
  }

  @Test func anExistingPluginIsKept() throws {
    let folder = try Scratch()
    try folder.write("", to: "observer/mine.lua")

    let outcome = try AugqProcess.run(["plugin", "new", "observer", "mine", "--folder", folder.url.path])

    #expect(
      outcome.errors == "augq: \(folder.path("observer/mine.lua")) is there already; choose another name\n")
    #expect(outcome.status == 73)
  }

  @Test func stubsThatCannotBeReadOrWrittenAreNamed() throws {
    let folder = try Scratch()

    let read = try AugqProcess.run(["docs", "--check"], in: folder.url)
    let write = try AugqProcess.run(["docs"], in: folder.url)

    #expect(
      read.errors.hasPrefix(
        "augq: cannot read Scripts/types/augq.lua: No such file or directory. Write it with 'augq docs'.\n"))
    #expect(
      write.errors.hasPrefix(
        "augq: cannot write Scripts/types/augq.lua: No such file or directory. Check the folder and the free space.\n"
      ))
  }
}
