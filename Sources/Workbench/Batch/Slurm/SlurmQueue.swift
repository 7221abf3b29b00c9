import Runs

/// The job arrays of a sweep that an earlier batch left, and which of their tasks still wait or run.
struct SlurmQueue: Sendable {
  private let folder: SweepFolder
  /// The jobs whose tasks are in the queue.
  private(set) var jobs: [JobManifest] = []
  /// Their tasks.
  private(set) var tasks: [Slurm.Task] = []
  /// Trials of shards whose task is in the queue, which have no result of it yet.
  private(set) var places: [String: ShardPlace] = [:]
  private var owners: Set<String> = []

  /// Looks at the jobs of a sweep's folder; those that have ended are closed.
  ///
  /// Slurm is asked only when there are any.
  ///
  /// - Throws: ``SlurmError/unknownJobs(_:folder:problem:)`` when Slurm does not answer.
  init(_ folder: SweepFolder, _ slurm: Slurm) throws {
    self.folder = folder
    let open = try folder.openJobs()
    guard !open.isEmpty else { return }
    let names = open.map(\.header.job)
    do {
      tasks = try slurm.tasks(of: names)
      let ended = Set(names).subtracting(tasks.map(\.job))
      ended.forEach { folder.job($0).retire() }
      // A task that began before its manifest went is seen now; one that begins later has nothing to do.
      tasks += try slurm.tasks(of: ended.sorted())
    } catch let error as SlurmError {
      throw SlurmError.unknownJobs(names, folder: folder.path + "/jobs", problem: "\(error)")
    }
    owners = Set(tasks.map(\.owner))
    jobs = open.filter { job in tasks.contains { $0.job == job.header.job } }
    for job in jobs { note(job) }
  }

  private mutating func note(_ job: JobManifest) {
    for place in job.places where owners.contains(place.owner) {
      let result = try? folder.trial(place.entry.trial.id).result()
      if result.map(place.entry.stands) != true { places[place.entry.trial.id] = place }
    }
  }

  /// Whether the process that claimed a trial still runs; of other hosts Slurm knows it.
  func isAlive(_ owner: ProcessIdentity) -> Bool {
    guard !owner.isLocal, let shard = owner.shard, folder.knows(job: JobManifest.job(ofOwner: shard)) else {
      return owner.isAlive
    }
    return owners.contains(shard)
  }
}

/// A trial in a job: who is to run it.
struct ShardPlace: Sendable {
  /// The trial.
  let entry: JobManifest.Entry
  /// The job's name.
  let job: String
  /// The shard.
  let index: Int

  /// What a claim says of who works for the shard.
  var owner: String { JobManifest.owner(job: job, shard: index) }
}

extension JobManifest {
  /// All trials with their shards.
  var places: [ShardPlace] {
    (0..<header.shards).flatMap { index -> [ShardPlace] in
      guard let shard = try? Shard(index: index, of: header.shards) else { return [] }
      return entries(of: shard).map { ShardPlace(entry: $0, job: header.job, index: index) }
    }
  }
}
