/// Programs beside the workbench, all of them optional.
enum ToolChecks {
  private struct Tool: Sendable {
    let name: String
    let commands: [String]
    let purpose: String
    let install: String
  }

  private static let tools = [
    Tool(
      name: "Slurm", commands: ["sbatch", "squeue", "scancel", "scontrol", "munged"],
      purpose: "augq batch --engine slurm",
      install: "apt-get install slurm-wlm munge"),
    Tool(
      name: "luacheck", commands: ["luacheck"], purpose: "checks recipes and plugins",
      install: "apt-get install lua-check"),
    Tool(
      name: "lua-language-server", commands: ["lua-language-server"], purpose: "completion in editors",
      install: "brew install lua-language-server"),
    Tool(
      name: "Python", commands: ["python3"], purpose: "peers of augq bench",
      install: "apt-get install python3"),
  ]

  static var findings: [Doctor.Finding] { tools.map(finding) }

  private static func finding(_ tool: Tool) -> Doctor.Finding {
    let found = tool.commands.filter { SystemCommand.path(of: $0) != nil }
    let missing = tool.commands.filter { !found.contains($0) }
    if missing.isEmpty {
      return Doctor.Finding(tool.name, .ok, SystemCommand.path(of: tool.commands[0]) ?? "")
    }
    if found.isEmpty {
      return Doctor.Finding(tool.name, .ok, "not installed; optional: \(tool.purpose)", fix: tool.install)
    }
    return Doctor.Finding(
      tool.name, .warn, "\(found.joined(separator: ", ")) without \(missing.joined(separator: ", "))",
      fix: tool.install)
  }
}
