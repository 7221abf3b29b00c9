import ArgumentParser
import Workbench

/// Where the trials of a batch run.
enum BatchEngine: String, ExpressibleByArgument, CaseIterable {
  case local, slurm
}

/// What a batch asks of a cluster.
struct ClusterOptions: ParsableArguments {
  @Option(help: "Slurm's partition.") var partition: String?
  @Option(help: "Slurm's time limit of a task, as sbatch takes it.") var time: String?
  @Option(help: "Slurm's memory of a task, as sbatch takes it.") var mem: String?
  @Option(
    parsing: .unconditionalSingleValue,
    help:
      "A further option of sbatch, one word, such as --slurm-option=--account=name; may be given several times."
  )
  var slurmOption: [String] = []
  @Option(
    help:
      "Trials that an array task or a pod runs one after the other (default: at most 4 waves of -j tasks, or 128 tasks)."
  )
  var trialsPerTask: Int?
  @Flag(help: "Print an Indexed Job of Kubernetes (YAML) for the trials that would run.")
  var exportKubernetes = false
  @Option(help: "The image of that job's pods, with augq on its search path.") var kubernetesImage: String?
  @Option(help: "The claim of the volume that holds the working folder.") var kubernetesClaim: String?

  func validate() throws {
    if let trialsPerTask, trialsPerTask < 1 {
      throw ValidationError("--trials-per-task is \(trialsPerTask); give 1 or more.")
    }
    for option in slurmOption {
      if let problem = SlurmOptions.problem(with: option) { throw ValidationError(problem) }
    }
    if !exportKubernetes, kubernetesImage != nil || kubernetesClaim != nil {
      throw ValidationError("--kubernetes-image and --kubernetes-claim go with --export-kubernetes.")
    }
  }

  /// The first option that says something to Slurm alone.
  var givenForSlurm: String? {
    if partition != nil { return "--partition" }
    if time != nil { return "--time" }
    if mem != nil { return "--mem" }
    if !slurmOption.isEmpty { return "--slurm-option" }
    return trialsPerTask != nil && !exportKubernetes ? "--trials-per-task" : nil
  }

  func slurm(jobs: Int?) -> SlurmOptions {
    var options = SlurmOptions()
    options.tasksAtOnce = jobs
    options.trialsPerTask = trialsPerTask
    (options.partition, options.time, options.memory) = (partition, time, mem)
    options.passedThrough = slurmOption
    return options
  }

  func kubernetesJob(_ runner: BatchRunner, jobs: Int?) throws -> String {
    var options = KubernetesJob.Options()
    options.image = kubernetesImage ?? options.image
    options.claim = kubernetesClaim ?? options.claim
    options.podsAtOnce = jobs
    return try runner.kubernetesJob(options, trialsPerTask: trialsPerTask)
  }
}
