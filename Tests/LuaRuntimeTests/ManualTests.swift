import LuaRuntime
import Testing

@Suite struct ManualTests {
  private let manual = Manual(Fixture.module)

  @Test(arguments: [
    ("host.configure", ["host.configure"]), ("configure", ["host.configure"]),
    ("Configure", ["host.configure"]),
    ("host", ["host"]), ("Counted", ["host.Counted"]), ("host.Counted.size", ["host.Counted:size"]),
    ("Counted:size", ["host.Counted:size"]), ("bytes", ["host.Counted.bytes"]),
    ("configure.mode", ["host.configure.mode"]), ("configure.nothing", []), ("nothing", []), ("", []),
    (".", []),
  ])
  func findsWhatANameMeans(name: String, expected: [String]) {
    #expect(manual.entries(named: name).map(\.name) == expected)
  }

  @Test func rendersParametersAndOptions() {
    #expect(
      manual.text(for: "configure")
        == .success(
          """
          host.configure(options)
            Reads options.
          options
            bits     bits (an integer in 1 ... 8; needed)
            mode     mode (one of "clamp", "published"; default "clamp")
            share    share (a number in 0.0 ... 1.0; default 1)
            verbose  talk (true or false; default false)

          """))
  }

  @Test func rendersClasses() {
    #expect(
      manual.text(for: "Counted")
        == .success(
          """
          host.Counted, a class
            An object.
          properties
            bytes  integer: size
          methods
            :size()  Returns the size.
          operators
            a + b

          """))
  }

  @Test(arguments: [
    ("confgure", "nothing is documented as 'confgure'. Did you mean host.configure?"),
    ("live5", "nothing is documented as 'live5'. Did you mean host.live?"),
    ("something.else", "nothing is documented as 'something.else'. 'augq help' lists the modules."),
  ])
  func suggestsTheNearestNames(name: String, message: String) {
    #expect(manual.text(for: name) == .failure(LuaUsageError(message)))
  }
}
