#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Numbers as text, the same on every machine and in every locale.
package enum Decimal {
  /// The number rounded to some decimals, half away from zero.
  package static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite else { return "\(value)" }
    let scale = (0..<decimals).reduce(1.0) { product, _ in product * 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 1e15 else { return "\(value)" }
    let digits = String(Int(scaled))
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    let sign = value < 0 && scaled > 0 ? "-" : ""
    return decimals == 0 ? sign + padded : "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
  }

  /// The number rounded to a whole one, with commas between thousands.
  package static func grouped(_ value: Double) -> String {
    let digits = fixed(value, decimals: 0)
    guard let first = digits.firstIndex(where: \.isNumber), value.isFinite else { return digits }
    var result = ""
    for (index, digit) in digits[first...].reversed().enumerated() {
      if index > 0 && index % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return digits[..<first] + String(result.reversed())
  }

  /// A number of bytes in the largest unit that leaves at least 1: `832 bytes`, `1.5 MB`.
  package static func bytes(_ count: Int) -> String {
    guard count >= 1000 else { return "\(count) bytes" }
    var (value, unit) = (Double(count) / 1000, 0)
    while value >= 999.95, unit < 3 { (value, unit) = (value / 1000, unit + 1) }
    return "\(fixed(value, decimals: 1)) \(["kB", "MB", "GB", "TB"][unit])"
  }

  /// The number with some significant digits, without trailing zeros; far from 1 with an exponent.
  package static func significant(_ value: Double, digits: Int) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : value.isNaN ? "nan" : "\(value)" }
    // Powers of ten end before the smallest numbers do.
    guard abs(value) >= 1e-300 else { return "\(value)" }
    let exponent = Int(log10(abs(value)).rounded(.down))
    guard (-4...digits).contains(exponent) else {
      let mantissa = significant(value / pow(10, Double(exponent)), digits: digits)
      return "\(mantissa)e\(exponent)"
    }
    let text = fixed(value, decimals: max(0, digits - 1 - exponent))
    guard text.contains(".") else { return text }
    let kept = text.reversed().drop { $0 == "0" }.drop { $0 == "." }
    return String(kept.reversed())
  }

  /// The shortest text that reads back as the number; whole numbers without a point.
  package static func shortest(_ value: Double) -> String {
    if let whole = Int(exactly: value) { return "\(whole)" }
    return "\(value)"
  }
}

/// Texts in JSON.
package enum JSON {
  /// The string literal of a text (RFC 8259).
  package static func literal(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        if scalar.value < 0x20 {
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
