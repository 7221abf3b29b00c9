import ArgumentParser
import Bindings
import Workbench

/// `augq batch-worker`: runs one shard of a job; what a scheduler starts.
struct BatchWorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "batch-worker",
    abstract: "Run one shard of a job that 'augq batch' wrote; a scheduler starts it.",
    discussion:
      "Trials run one after the other, each in a process of its own with the sweep's limits and retries; those that have a "
      + "result of the job are left alone. Without --shard the index is the first of AUGQ_SHARD, SLURM_ARRAY_TASK_ID, "
      + "JOB_COMPLETION_INDEX, PBS_ARRAY_INDEX (all from 0) and SGE_TASK_ID (from 1). The manifest stays where it was written, "
      + "below a folder of runs that all hosts share. Exit code 2 when trials failed, 75 when others work on some.",
    shouldDisplay: false)

  @Option(help: "The job's manifest.") var manifest: String
  @Option(help: "The shard, from 0 (default: that of the environment).") var shard: Int?

  func run() throws {
    let session = Session(scriptPath: manifest, arguments: [])
    try exit(
      reporting {
        guard let worker = try ShardWorker(manifest: manifest, index: shard, session: session) else {
          StandardError.write("augq: \(manifest) has gone: the job is over\n")
          return 0
        }
        return try Interruption.cancelling(session.cancellation) { try worker.run() }
      })
  }
}
