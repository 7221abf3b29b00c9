import Foundation
package import Runs

/// An Indexed Job of Kubernetes that runs a sweep's trials by the worker's contract.
public struct KubernetesJob: Sendable {
  /// What depends on the cluster.
  public struct Options: Sendable {
    /// The image, with `augq` on its search path.
    public var image = "registry.example/augq:latest"
    /// The claim of a volume that all pods may write, with the working folder in it.
    public var claim = "augq-work"
    /// Pods at the same time; `nil` for all.
    public var podsAtOnce: Int?

    /// Makes options with names to be replaced.
    public init() {}
  }

  private let job: JobManifest
  /// The manifest's path, as seen from ``workingFolder``.
  private let manifestPath: String
  /// Where the volume is mounted, and where the pods work.
  private let workingFolder: String
  private let options: Options

  /// Makes the job of a manifest.
  package init(
    _ job: JobManifest, manifestPath: String, workingFolder: String, options: Options = Options()
  ) {
    (self.job, self.manifestPath) = (job, manifestPath)
    (self.workingFolder, self.options) = (workingFolder, options)
  }

  /// A text as a YAML scalar: JSON's texts are some.
  private static func quoted(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }

  /// A name as Kubernetes takes it: small letters, digits and hyphens, at most 63.
  package static func name(_ text: String) -> String {
    let plain = text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    // The digest is at the end.
    return plain.count <= 63 ? String(plain) : "augq-" + String(plain.suffix(58)).trimmingPrefix { $0 == "-" }
  }

  /// The YAML text; what depends on the cluster is marked with `# <-`.
  package var yaml: String {
    let header = job.header
    let limits = header.sweep.limits
    let memory = limits.memory > 0 ? "\n              memory: \"\(limits.memory + (1 << 30))\"" : ""
    return """
      # \(job.entries.count) trials of sweep \(header.sweep.name) in \(header.shards) shards: kubectl apply -f FILE.
      # When the job has ended, 'augq batch' takes the results in. Check the lines marked with '# <-'.
      # The volume holds the folder in which 'augq batch' ran, and all pods may write it (ReadWriteMany).
      # Failures by index need Kubernetes 1.29.
      apiVersion: batch/v1
      kind: Job
      metadata:
        name: \(Self.name(header.job))
      spec:
        completionMode: Indexed
        completions: \(header.shards)
        parallelism: \(min(options.podsAtOnce ?? header.shards, header.shards))
        backoffLimitPerIndex: \(max(1, limits.retries))
        podFailurePolicy:
          rules:
            # The worker ends with 2 when trials failed, whose results are there: no other pod helps.
            - action: FailIndex
              onExitCodes: { operator: In, values: [2] }
        template:
          spec:
            restartPolicy: Never
            containers:
              - name: worker
                image: \(Self.quoted(options.image))  # <- has augq on its search path
                command: ["augq", "batch-worker", "--manifest", \(Self.quoted(manifestPath))]
                workingDir: \(Self.quoted(workingFolder))  # <- where the volume is mounted
                resources:
                  requests:
                    cpu: "\(limits.threads)"\(memory)
                volumeMounts:
                  - name: work
                    mountPath: \(Self.quoted(workingFolder))  # <- as workingDir
            volumes:
              - name: work
                persistentVolumeClaim:
                  claimName: \(Self.quoted(options.claim))  # <- a claim of that volume

      """
  }
}

extension BatchRunner {
  /// The pending trials as an Indexed Job of Kubernetes, its manifest written; the next batch takes their results in.
  ///
  /// - Parameter trialsPerTask: Trials that a pod runs; `nil` for a number that leaves at most 128 pods.
  /// - Returns: YAML; empty when there is nothing to run.
  public func kubernetesJob(_ kubernetes: KubernetesJob.Options, trialsPerTask: Int?) throws -> String {
    try folder.write(manifest)
    let pending = plan.pending
    guard !pending.isEmpty else { return "" }
    var spreading = SlurmOptions()
    spreading.trialsPerTask = trialsPerTask
    spreading.tasksAtOnce = kubernetes.podsAtOnce
    let entries = try pending.map { trial in
      JobManifest.Entry(trial, earlier: try runner.folder(trial).result()?.started)
    }
    let job = JobManifest(
      job: JobManifest.newName(of: folder.name), sweep: manifest.header,
      shards: spreading.arrays(of: pending.count, maxArraySize: .max)[0].shards, plugins: options.plugins,
      allowedNative: options.allowedNative, entries: entries)
    let place = folder.kubernetesJob(job.header.job)
    try place.write(job)
    return KubernetesJob(
      job, manifestPath: place.manifestPath,
      workingFolder: FileManager.default.currentDirectoryPath, options: kubernetes
    ).yaml
  }
}
