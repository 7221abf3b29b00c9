import Bindings
import Foundation
import Runs
import Tensors

/// Runs trials in job arrays of Slurm.
///
/// Results in the sweep's folder are the truth; the queue only tells which tasks can no longer write one. The jobs are known
/// by their names, written before they are submitted: a batch that was killed at any moment finds its tasks again.
struct SlurmEngine: TrialEngine {
  let slurm: Slurm
  let options: SlurmOptions
  let folder: SweepFolder
  let runner: TrialRunner
  let queue: SlurmQueue
  /// Whether trials that are done run too.
  let repeatsDone: Bool

  func run(_ trials: [Trial], _ intake: TrialIntake) throws {
    guard !trials.isEmpty else { return }
    var watch = SlurmWatch(self, intake)
    do {
      try watch.begin(trials)
      try watch.wait()
    } catch {
      watch.tellWhatGoesOn()
      throw error
    }
  }
}

/// The trials of a batch that are under way in job arrays.
struct SlurmWatch {
  private let engine: SlurmEngine
  private let intake: TrialIntake
  private var runner: TrialRunner { engine.runner }
  private var slurm: Slurm { engine.slurm }

  /// Trials without a result, in the order in which they were submitted.
  private var waiting: [ShardPlace] = []
  /// The ids of arrays by the names of jobs.
  private var arrays: [String: String] = [:]
  /// Names of jobs, the earliest first.
  private var jobs: [String] = []
  /// Shards that gave a result.
  private var fruitful: Set<String> = []
  /// Shards that the queue did not have when it answered last.
  private var absent: Set<String> = []
  /// How often each trial was lost.
  private var losses: [String: Int] = [:]
  private var maxArraySize = 0
  private var warned: Set<String> = []
  private let begin = ContinuousClock.now

  init(_ engine: SlurmEngine, _ intake: TrialIntake) {
    self.engine = engine
    self.intake = intake
  }

  /// Takes up the trials that tasks of an earlier batch have, and submits the others.
  mutating func begin(_ trials: [Trial]) throws {
    maxArraySize = try slurm.maxArraySize()
    for task in engine.queue.tasks { arrays[task.job] = task.array }
    jobs = engine.queue.jobs.map(\.header.job)
    waiting = trials.compactMap { engine.queue.places[$0.id] }
    let others = trials.filter { engine.queue.places[$0.id] == nil }
    try submit(others.compactMap { try entry($0) }, again: false)
  }

  /// What there is of a trial before its job; `nil` when it needs none, or another process works on it.
  private func entry(_ trial: Trial) throws -> JobManifest.Entry? {
    let run = runner.folder(trial)
    let owner = try run.owner
    let result = try? run.result()
    if let result, result.status == .done, !engine.repeatsDone {
      // A task of an earlier batch ended since the plan was made.
      try intake.take(result)
      return nil
    }
    if let owner, result == nil, engine.queue.isAlive(owner) {
      intake.passOver(run)
      return nil
    }
    return JobManifest.Entry(trial, earlier: result?.started, ended: owner)
  }

  /// The same for a trial whose shard ended without its result.
  private func entry(after lost: ShardPlace) throws -> JobManifest.Entry? {
    let run = runner.folder(lost.entry.trial)
    let owner = try run.owner
    if let owner, owner != lost.entry.ended, owner.shard != lost.owner, engine.queue.isAlive(owner) {
      intake.passOver(run)
      return nil
    }
    return JobManifest.Entry(lost.entry.trial, earlier: lost.entry.earlier, ended: owner)
  }

  private mutating func submit(_ entries: [JobManifest.Entry], again: Bool) throws {
    let arrays = engine.options.arrays(of: entries.count, maxArraySize: maxArraySize)
    for array in arrays {
      try submit(
        JobManifest(
          job: JobManifest.newName(of: runner.header.name), sweep: runner.header, shards: array.shards,
          plugins: runner.plugins, allowedNative: runner.allowedNative,
          entries: Array(entries[array.trials])),
        arrays: arrays.count)
    }
    if !again { try intake.forget(entries.map(\.trial)) }
  }

  private mutating func submit(_ job: JobManifest, arrays count: Int) throws {
    let name = job.header.job
    let folder = engine.folder.job(name)
    try folder.write(job)
    try folder.write(
      script: SlurmOptions.script(job, folder, executable: IsolatedProcess.currentExecutable))
    do {
      arrays[name] = try slurm.submit(
        engine.options.arguments(job, folder, arrays: count), tasks: job.header.shards)
    } catch {
      folder.retire()
      throw error
    }
    jobs.append(name)
    waiting += job.places
  }

  /// Takes results in until there is nothing to wait for.
  mutating func wait() throws {
    while !waiting.isEmpty {
      if intake.isClosed { return try cancel() }
      try look()
      if !waiting.isEmpty { pause() }
    }
    try closeJobs()
  }

  /// Sleeps for a twentieth of the time that has passed, from a quarter of a second to 15.
  private func pause() {
    let seconds = min(15, max(0.25, (ContinuousClock.now - begin).seconds / 20))
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end, !intake.isClosed { Thread.sleep(forTimeInterval: 0.05) }
  }

  /// Asks the queue, then takes in the results that are there, then deals with shards that have gone without theirs.
  ///
  /// A shard has gone when two answers in a row do not have it: a controller that was restarted may forget one for a while.
  private mutating func look() throws {
    let owners = try tasksOrNothing().map { Set($0.map(\.owner)) }
    let gone = owners.map { absent.subtracting($0) } ?? []
    if let owners { absent = Set(waiting.map(\.owner)).subtracting(owners) }
    var lost: [ShardPlace] = []
    var left: [ShardPlace] = []
    for place in waiting {
      let run = runner.folder(place.entry.trial)
      let hasEnded = gone.contains(place.owner)
      if hasEnded { run.refresh() }
      if let result = try run.result(), place.entry.stands(result), hasEnded || isFinal(result) {
        fruitful.insert(place.owner)
        try intake.take(result)
      } else if hasEnded, try !goesOn(run, for: place) {
        lost.append(place)
      } else {
        left.append(place)
      }
    }
    waiting = left
    try runAgain(lost)
  }

  /// Whether a process of the shard lives on this host: it ends a moment after its task.
  private func goesOn(_ run: RunFolder, for place: ShardPlace) throws -> Bool {
    guard let owner = try run.owner, owner.shard == place.owner else { return false }
    return owner.isLocal && owner.isAlive
  }

  /// The tasks in the queue; `nil` when Slurm does not answer, which passes.
  private mutating func tasksOrNothing() throws -> [Slurm.Task]? {
    let tasks: [Slurm.Task]
    do { tasks = try slurm.tasks(of: jobs) } catch let error as SlurmError {
      if warned.insert("squeue").inserted { intake.tell("warning: \(error) Results are awaited meanwhile.") }
      return nil
    }
    for task in tasks {
      arrays[task.job] = task.array
      if task.isHeld, warned.insert(task.array).inserted {
        intake.tell(
          "warning: array task \(task.name) is held (\(task.reason)). 'scontrol release \(task.array)' lets it run."
        )
      }
    }
    return tasks
  }

  /// Submits lost trials again, or gives them up.
  private mutating func runAgain(_ lost: [ShardPlace]) throws {
    var again: [JobManifest.Entry] = []
    for (owner, places) in Dictionary(grouping: lost, by: \.owner).sorted(by: { $0.key < $1.key }) {
      again += try runAgain(places, owner)
    }
    let order = Dictionary(uniqueKeysWithValues: lost.enumerated().map { ($1.entry.trial.id, $0) })
    again.sort { order[$0.trial.id] ?? 0 < order[$1.trial.id] ?? 0 }
    if !intake.isClosed { try submit(again, again: true) }
  }

  /// The lost trials of one shard that are worth another try.
  private mutating func runAgain(_ places: [ShardPlace], _ owner: String) throws -> [JobManifest.Entry] {
    let task = arrays[places[0].job].map { "\($0)_\(places[0].index)" } ?? owner
    let ending = slurm.ending(of: task)
    let end = "array task \(task) ended (\(ending?.text ?? "it has left the queue"))"
    let begun = try Set(places.map(\.entry.trial.id).filter { try isClaimed($0, owner) })
    // The fault is that of the trial under way; of a worker that could not even begin, of all.
    let guilty = begun.isEmpty && !fruitful.contains(owner) ? Set(places.map(\.entry.trial.id)) : begun
    for id in guilty { losses[id, default: 0] += 1 }
    var again: [JobManifest.Entry] = []
    for place in places {
      let trial = place.entry.trial
      if losses[trial.id, default: 0] > max(1, runner.header.limits.retries) {
        try giveUp(trial, end, ending, log: engine.folder.job(place.job).logPath(place.index))
      } else if let entry = try entry(after: place) {
        again.append(entry)
      }
    }
    if !again.isEmpty { intake.tell("\(end) without the results of \(again.count) trials: lost, run again") }
    return again
  }

  private func isClaimed(_ trial: String, _ owner: String) throws -> Bool {
    try engine.folder.trial(trial).owner?.shard == owner
  }

  private func giveUp(_ trial: Trial, _ end: String, _ ending: Slurm.Ending?, log: String) throws {
    let count = losses[trial.id, default: 0]
    var result = RunResult(trial, of: runner.header, attempt: count)
    result.exitCode = ending?.exitCode ?? ScriptRunner.ExitCode.bug
    result.message = "lost \(count) times; at last \(end) without its result. See \(log)"
    try runner.folder(trial).write(result)
    try intake.take(result)
  }

  /// Ends what waits and runs, and takes in what came meanwhile.
  private mutating func cancel() throws {
    intake.close()
    try slurm.cancel(jobs)
    for _ in 0..<60 {
      guard let tasks = try? slurm.tasks(of: jobs), !tasks.isEmpty else { break }
      Thread.sleep(forTimeInterval: 0.25)
    }
    for place in waiting {
      if let result = try runner.folder(place.entry.trial).result(), place.entry.stands(result) {
        try intake.take(result)
      }
    }
    waiting = []
    try closeJobs()
  }

  /// Closes the jobs that have no task left, or none that has anything to do.
  private func closeJobs() throws {
    let running = Set((try? slurm.tasks(of: jobs))?.map(\.job) ?? jobs)
    for name in jobs {
      let folder = engine.folder.job(name)
      let entries = (try? JobManifest(path: folder.manifestPath))?.entries ?? []
      let isOver = try !running.contains(name) || entries.allSatisfy(hasResult)
      if isOver { folder.retire() }
    }
  }

  private func hasResult(_ entry: JobManifest.Entry) throws -> Bool {
    try runner.folder(entry.trial).result().map { entry.stands($0) && isFinal($0) } ?? false
  }

  /// Whether its worker does not try the trial again.
  private func isFinal(_ result: RunResult) -> Bool {
    result.status == .done || result.attempt > runner.header.limits.retries
  }

  /// Says which jobs a batch that stops on an error leaves behind.
  func tellWhatGoesOn() {
    let ids = Set(waiting.compactMap { arrays[$0.job] }).sorted()
    guard !ids.isEmpty else { return }
    intake.tell(
      "jobs go on: \(ids.joined(separator: " ")). The same command takes them up, 'scancel' ends them.")
  }
}
