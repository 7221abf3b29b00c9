public import Bindings
public import LuaRuntime

extension SandboxPolicy {
  /// Makes an environment for third-party code inside a state that trusted code uses too.
  ///
  /// Each call from outside has the whole budget; at its end, native work is cancelled. Output goes to standard error:
  /// standard output belongs to the recipe. The limits are those of ``LuaSandbox``, whatever the profile.
  ///
  /// - Parameter moduleFolders: Where its `require` looks; they are readable too.
  /// - Throws: ``LuaUsageError`` for a root that is not a folder.
  public func sandbox(
    in lua: LuaState, session: Session, moduleFolders: [String] = []
  ) throws -> LuaSandbox {
    var policy = self
    policy.readRoots += moduleFolders
    let (seconds, cancellation) = (seconds, session.cancellation)
    return try LuaSandbox(
      lua, files: policy.files(), budget: budget, moduleFolders: moduleFolders, output: .standardError,
      watch: { NativeDeadline(seconds: seconds, cancellation: cancellation) })
  }
}
