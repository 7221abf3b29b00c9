public import ArgumentParser
public import Workbench

extension SandboxPolicy.Profile: ExpressibleByArgument {}

/// The options that say what a script may do and use.
struct SandboxOptions: ParsableArguments {
  @Option(help: "How far the recipe is trusted.")
  var profile = SandboxPolicy.Profile.trusted

  @Option(help: "A folder below which an untrusted recipe may read and write; may be repeated.")
  var root: [String] = []

  @Option(help: "A folder below which an untrusted recipe may read, besides its own; may be repeated.")
  var readRoot: [String] = []

  @Option(help: "Seconds after which the recipe is stopped with exit code 124 (untrusted: 600).")
  var time: Double?

  @Option(help: "Lua instructions after which the recipe is stopped with exit code 125.")
  var instructions: Int?

  func validate() throws {
    if let time, !(time > 0) { throw ValidationError("--time is \(time); give seconds above 0.") }
    if let instructions, instructions < 1 {
      throw ValidationError("--instructions is \(instructions); give a number above 0.")
    }
    if profile == .trusted, !root.isEmpty || !readRoot.isEmpty {
      throw ValidationError(
        "--root and --read-root bound untrusted recipes; add --profile restricted or isolated.")
    }
  }

  /// The policy that the options describe.
  ///
  /// - Parameter memory: Bytes, when given.
  func policy(memory: Int?) -> SandboxPolicy {
    var policy = SandboxPolicy(profile)
    policy.readRoots = readRoot
    policy.writeRoots = root
    policy.memory = memory ?? policy.memory
    policy.seconds = time ?? policy.seconds
    policy.instructions = instructions ?? 0
    return policy
  }

  /// The same options for another profile.
  func arguments(_ profile: SandboxPolicy.Profile) -> [String] {
    var result = ["--profile", profile.rawValue]
    for folder in root { result += ["--root", folder] }
    for folder in readRoot { result += ["--read-root", folder] }
    if let time { result += ["--time", "\(time)"] }
    if let instructions { result += ["--instructions", "\(instructions)"] }
    return result
  }
}
