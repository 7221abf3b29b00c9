/// A file of named byte sections: what a packed model (`.augq`) is made of.
///
///     offset 0   'AUGQ'
///            4   version, UInt32
///            8   length of the section table in bytes, UInt64
///           16   section table: count, then per section name, offset from the file's start, length (64 bits each)
///            …   sections, each at a multiple of 8, in the order of the table
///
/// Every number is little-endian. A reader checks magic, version, lengths, order and overlaps before it looks at a
/// section. The number of bytes of such a file is what reports call model bytes.
public struct PackedFile: Hashable, Sendable {
  /// A named run of bytes.
  public struct Section: Hashable, Sendable {
    /// Unique in the file.
    public let name: String
    /// The content.
    public let bytes: [UInt8]

    /// Makes a section.
    public init(_ name: String, _ bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// The version this program writes, and the newest it reads.
  public static let version = 1
  private static let magic = Array("AUGQ".utf8)
  private static let fixedHeader = 16

  /// The sections in file order.
  public let sections: [Section]

  /// Makes a file of sections.
  public init(sections: [Section]) { self.sections = sections }

  /// Returns the bytes of a section.
  ///
  /// - Throws: ``PackingError/missingSection(_:)``.
  public func section(_ name: String) throws(PackingError) -> [UInt8] {
    guard let found = sections.first(where: { $0.name == name }) else { throw .missingSection(name) }
    return found.bytes
  }

  /// The file as bytes.
  public var encoded: [UInt8] {
    let names = sections.reduce(8) { $0 + 8 + $1.name.utf8.count + 16 }
    var table = ByteWriter()
    table.append(sections.count)
    var offset = Self.aligned(Self.fixedHeader + names)
    for section in sections {
      table.append(section.name)
      table.append(offset)
      table.append(section.bytes.count)
      offset = Self.aligned(offset + section.bytes.count)
    }
    var header = ByteWriter()
    header.append(UInt32(Self.version))
    header.append(table.bytes.count)
    var file = Self.magic + header.bytes + table.bytes
    for section in sections {
      file += [UInt8](repeating: 0, count: Self.aligned(file.count) - file.count)
      file += section.bytes
    }
    return file
  }

  /// Reads a file from its bytes.
  ///
  /// - Throws: ``PackingError`` when magic, version, lengths or the section table are wrong.
  public init(encoded file: [UInt8]) throws(PackingError) {
    guard file.prefix(4).elementsEqual(Self.magic) else { throw .magic(found: Array(file.prefix(4))) }
    guard file.count >= Self.fixedHeader else {
      throw .truncated(needed: Self.fixedHeader, found: file.count)
    }
    var header = ByteReader(Array(file[4..<Self.fixedHeader]), section: "header")
    let version = Int(try header.integer(UInt32.self))
    guard version == Self.version else { throw .version(found: version, newest: Self.version) }
    let length = try header.int()
    guard length >= 0 && length <= file.count - Self.fixedHeader else {
      throw .truncated(needed: Self.fixedHeader &+ max(0, length), found: file.count)
    }
    let headerEnd = Self.fixedHeader + length
    var table = ByteReader(Array(file[Self.fixedHeader..<headerEnd]), section: "table")
    sections = try Self.readSections(&table, of: file, after: headerEnd)
  }

  private static func readSections(
    _ table: inout ByteReader, of file: [UInt8], after headerEnd: Int
  ) throws(PackingError) -> [Section] {
    var sections: [Section] = []
    var previous = (name: "header", end: headerEnd)
    for _ in 0..<(try table.count(itemSize: 24)) {
      let name = try table.string()
      let offset = try table.int()
      let count = try table.int()
      if offset < previous.end { throw .overlap(previous.name, name) }
      guard count >= 0 && offset <= file.count && count <= file.count - offset else {
        throw .truncated(
          needed: offset.addingReportingOverflow(max(0, count)).partialValue, found: file.count)
      }
      if sections.contains(where: { $0.name == name }) { throw .duplicateSection(name) }
      sections.append(Section(name, Array(file[offset..<(offset + count)])))
      previous = (name, offset + count)
    }
    return sections
  }

  private static func aligned(_ offset: Int) -> Int { (offset + 7) / 8 * 8 }
}
