/// What can be wrong with codes or with a packed file.
public enum PackingError: Error, Equatable, CustomStringConvertible {
  /// A width that codes cannot have.
  case width(Int)
  /// A code that needs more bits than its width.
  case codeTooLarge(code: Int, index: Int, bits: Int)
  /// A byte count that does not belong to the number of codes.
  case byteCount(found: Int, expected: Int, codes: Int, bits: Int)
  /// Not a file of ours.
  case magic(found: [UInt8])
  /// A version this program does not read.
  case version(found: Int, newest: Int)
  /// The file ends before what its header announces.
  case truncated(needed: Int, found: Int)
  /// Two sections that share bytes, or one that lies in the header.
  case overlap(String, String)
  /// A section that is not there.
  case missingSection(String)
  /// Two sections of one name.
  case duplicateSection(String)
  /// A section whose content does not decode.
  case content(section: String, problem: String)
  /// Content of a file that is not what it should be.
  indirect case inFile(path: String, PackingError)
  /// An operating-system error on a file.
  case file(path: String, operation: String, reason: String)

  /// The message a user reads.
  public var description: String {
    switch self {
    case .width(let bits): "codes of \(bits) bits cannot be packed. Use 1 to 8 bits."
    case .codeTooLarge(let code, let index, let bits):
      "code \(code) at index \(index) does not fit \(bits) bits (at most \((1 << bits) - 1)). Use more bits."
    case .byteCount(let found, let expected, let codes, let bits):
      "\(codes) codes of \(bits) bits need \(expected) bytes, found \(found). The file is damaged; write it again."
    case .magic(let found):
      "not a packed model: the first bytes are \(found), expected 'AUGQ'. Give a file that 'pack' wrote."
    case .version(let found, let newest):
      "packed model of version \(found); this program reads up to \(newest). Use a newer augq."
    case .truncated(let needed, let found):
      "the file is truncated: its header announces \(needed) bytes, found \(found). Copy or write it again."
    case .overlap(let first, let second):
      "sections '\(first)' and '\(second)' overlap. The file is damaged; write it again."
    case .missingSection(let name): "section '\(name)' is missing. The file is damaged; write it again."
    case .duplicateSection(let name):
      "section '\(name)' occurs twice. The file is damaged; write it again."
    case .content(let section, let problem):
      "section '\(section)': \(problem). The file is damaged; write it again."
    case .inFile(let path, let problem): "\(path): \(problem)"
    case .file(let path, let operation, let reason):
      "could not \(operation) '\(path)': \(reason). Check the path, its rights and the free space."
    }
  }

  /// The error with the path of the file it was found in; errors that name a path stay as they are.
  public func found(in path: String) -> PackingError {
    switch self {
    case .file, .inFile: self
    default: .inFile(path: path, self)
    }
  }
}
