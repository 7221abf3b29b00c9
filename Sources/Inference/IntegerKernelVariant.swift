import CKernels

/// One set of integer kernels: a row of the table that engines, tests and benches walk.
public struct IntegerKernelVariant: @unchecked Sendable, CustomStringConvertible {
  // A row of a constant table in C.
  let row: UnsafePointer<aq_integer_variant>

  /// The name, such as `vnni`.
  public var name: String { String(cString: row.pointee.name) }

  /// The name as the environment variable AQ_ISA spells the instruction set.
  public var isa: String { String(cString: aq_isa_name(row.pointee.isa)) }

  /// The name.
  public var description: String { name }

  /// The variants this machine runs, the scalar reference first, then by rising ability.
  public static var all: [IntegerKernelVariant] {
    var variants: [IntegerKernelVariant] = []
    var index = 0
    while let row = aq_integer_variants(index) {
      if aq_isa_supported(row.pointee.isa) != 0 { variants.append(IntegerKernelVariant(row: row)) }
      index += 1
    }
    return variants
  }

  /// The most able variant, or the one that AQ_ISA asks for.
  public static var best: IntegerKernelVariant { IntegerKernelVariant(row: aq_integer_best()) }
}
