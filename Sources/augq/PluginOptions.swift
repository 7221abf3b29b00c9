import ArgumentParser

/// Which plugins a command sees.
struct PluginOptions: ParsableArguments {
  @Option(help: "A folder of plugins that is searched first; may be given several times.")
  var plugins: [String] = []

  @Option(help: "A package of plugins whose native code may run, unconfined; may be given several times.")
  var allowNative: [String] = []

  /// The options as they were given.
  var arguments: [String] {
    plugins.flatMap { ["--plugins", $0] } + allowNative.flatMap { ["--allow-native", $0] }
  }
}
