import Runs
import TestSupport
import Testing

@Suite struct ShardTests {
  @Test(arguments: [1, 2, 3, 7, 8, 100]) func shardsCoverAllTrialsOnceInOrder(_ count: Int) throws {
    for total in [0, 1, 2, 7, 8, 9, 99, 100, 101] {
      let ranges = try (0..<count).map { try Shard(index: $0, of: count).range(of: total) }

      #expect(ranges.flatMap { Array($0) } == Array(0..<total))
      let sizes = ranges.map(\.count)
      #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }
  }

  @Test func theFirstVariableThatIsSetNamesTheShard() throws {
    func index(_ environment: [String: String]) throws -> Int {
      try Shard(of: 9, environment: environment).index
    }

    #expect(try index(["AUGQ_SHARD": "1", "SLURM_ARRAY_TASK_ID": "2"]) == 1)
    #expect(try index(["SLURM_ARRAY_TASK_ID": "2", "JOB_COMPLETION_INDEX": "3"]) == 2)
    #expect(try index(["JOB_COMPLETION_INDEX": "3", "PBS_ARRAY_INDEX": "4"]) == 3)
    #expect(try index(["PBS_ARRAY_INDEX": "4", "SGE_TASK_ID": "6"]) == 4)
    #expect(try index(["AUGQ_SHARD": "", "SGE_TASK_ID": "1"]) == 0, "Grid Engine counts from 1")
  }

  static let refusals: [Refused] = [
    (
      ["SGE_TASK_ID": "undefined"],
      "nothing says which shard to run. Give --shard, or set one of AUGQ_SHARD, SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, PBS_ARRAY_INDEX, SGE_TASK_ID."
    ),
    (["AUGQ_SHARD": "x"], "AUGQ_SHARD is 'x'; a shard is a whole number of at least 0."),
    (["SGE_TASK_ID": "0"], "SGE_TASK_ID is '0'; a shard is a whole number of at least 1."),
    (
      ["SLURM_ARRAY_TASK_ID": "4"],
      "SLURM_ARRAY_TASK_ID names shard 4, counted from 0, of 4. Start as many tasks as the manifest has shards."
    ),
  ].map { environment, message in Refused(message) { try Shard(of: 4, environment: environment) } }

  @Test(arguments: refusals) func whatNamesNoShardIsTold(_ row: Refused) {
    #expect(row.outcome == row.message)
  }

  @Test func theFolderOfRunsIsThatOfTheManifest() {
    for (manifest, root) in [
      ("runs/sweeps/s/jobs/j/manifest.jsonl", "runs"), ("sweeps/s/jobs/j/manifest.jsonl", "."),
      ("/sweeps/s/jobs/j/manifest.jsonl", "/"), ("../r/sweeps/s/jobs/j/manifest.jsonl", "../r"),
      ("manifest.jsonl", "./../../../.."), ("j/manifest.jsonl", "j/../../../.."),
    ] {
      #expect(JobFolder(manifest: manifest).root == root)
    }
  }
}
