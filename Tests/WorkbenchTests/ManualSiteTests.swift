import Foundation
import LuaRuntime
import TestSupport
import Testing

@testable import Workbench

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// The HTML manual: everything that there is has a place, links lead somewhere, and drift is found.
@Suite struct ManualSiteTests {
  static let site = Result { try ManualSite(root: ".", commands: [("run", "USAGE: augq run <file> & more")]) }

  @Test func literateRecipesAreProseAndCode() {
    let recipe = LiterateRecipe(
      """
      -- How do I add?
      -- With *care*:
      local sum = 1 + 1
      -- a remark in the code
      print(sum)

      -- ## What follows
      -- More prose.

      print "end"
      """)

    #expect(recipe.title == "How do I add?")
    #expect(
      recipe.markdown == """
        # How do I add?

        With *care*:

        ~~~~lua
        local sum = 1 + 1
        -- a remark in the code
        print(sum)
        ~~~~

        ## What follows
        More prose.

        ~~~~lua
        print "end"
        ~~~~

        """)
  }

  @Test func everyBindingRecipeAndMethodHasItsPlace() throws {
    let pages = try Self.site.get().sections.flatMap(\.pages)
    let anchors = Dictionary(uniqueKeysWithValues: pages.map { ($0.path, $0.anchors) })
    for entry in Documentation.entries {
      if case .property = entry.topic { continue }
      let place = try #require(ReferencePages.place(entry.name, in: Documentation.module), "\(entry.name)")
      let parts = place.split(separator: "#").map(String.init)
      #expect(anchors[parts[0]] != nil, "\(place)")
      #expect(parts.count == 1 || anchors[parts[0]]?.contains(parts[1]) == true, "\(place)")
    }
    for (folder, suffix) in [("cookbook", "lua"), ("manual/methods", "md")] {
      let files = try FileManager.default.contentsOfDirectory(atPath: "Scripts/\(folder)")
        .filter { $0.hasSuffix(".\(suffix)") }
      let place = folder.split(separator: "/").last ?? ""
      #expect(files.count >= 12)
      for file in files {
        #expect(anchors["\(place)/\(file.dropLast(suffix.count + 1)).html"] != nil, "\(file)")
      }
    }
    // Folders of disks that do not tell case apart hold them all.
    #expect(Set(pages.map { $0.path.lowercased() }).count == pages.count)
  }

  @Test func pagesAreWellFormedAndTheSameEachTime() throws {
    let site = try Self.site.get()
    #expect(site.problems == [])
    let folders = [try Scratch(), try Scratch()]
    for folder in folders {
      #expect(try site.write(to: folder.url.path) == site.sections.flatMap(\.pages).count)
    }
    for page in site.sections.flatMap(\.pages) {
      let bytes = try Data(contentsOf: folders[0].url.appendingPathComponent(page.path))
      #expect(try Data(contentsOf: folders[1].url.appendingPathComponent(page.path)) == bytes)
      let parser = XMLParser(data: bytes)
      #expect(parser.parse(), "\(page.path): \(parser.parserError?.localizedDescription ?? "")")
    }
  }

  @Test func driftIsFound() throws {
    let clone = try Scratch()
    for folder in ["Scripts/manual", "Scripts/cookbook"] {
      try clone.write("", to: folder + "/.keep")
      try FileManager.default.removeItem(atPath: clone.path(folder))
      try FileManager.default.copyItem(atPath: folder, toPath: clone.path(folder))
    }
    try FileManager.default.copyItem(atPath: "Scripts/tour.lua", toPath: clone.path("Scripts/tour.lua"))
    try FileManager.default.copyItem(atPath: "Plugins", toPath: clone.path("Plugins"))
    try clone.write("return { levels = function() return { -1, 1 } end }", to: "Plugins/codebook/new_one.lua")
    try clone.write(
      "# Gone\n\nA page.\n\nNames: `augq.quantise`, `plugin:codebook/old`\n\n[there](nowhere.md) [here](../concepts.md)\n",
      to: "Scripts/manual/methods/gone.md")
    try clone.write("# Bare\n\nA page.\n", to: "Scripts/manual/methods/bare.md")

    let site = try ManualSite(root: clone.url.path, commands: [])

    #expect(
      Set(site.problems) == [
        "methods/bare.md: has no line 'Names: …'", "methods/gone.md: there is no 'augq.quantise'",
        "methods/gone.md: there is no 'plugin:codebook/old'",
        "no page of Scripts/manual/methods names 'plugin:codebook/new_one'",
        "methods/gone.html: links to nowhere.html, which is not in the manual",
      ])
    #expect(
      throws: LuaUsageError(
        "cannot read nowhere/Scripts/manual/index.md. Give the folder of the clone with --root.")
    ) {
      try ManualSite(root: "nowhere", commands: [])
    }
  }
}
