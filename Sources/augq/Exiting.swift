import ArgumentParser

extension ParsableCommand {
  /// Ends the command with a code other than 0.
  func exit(_ code: Int32) throws { if code != 0 { throw ExitCode(code) } }
}
