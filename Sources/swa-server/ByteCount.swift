import FoundationEssentials

/// An amount of bytes as people write it: `65536`, `64KiB`, `64 MiB`, `4 GiB`.
struct ByteCount: Equatable, Sendable, CustomStringConvertible {
  private static let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]

  let bytes: Int

  init(bytes: Int) {
    self.bytes = bytes
  }

  /// Reads a whole number of bytes with an optional binary unit; one that exceeds `Int` is refused, not rounded.
  init(_ text: String) throws(InvalidValue) {
    var digits = Substring(text)
    var scale = 1
    for (unit, size) in Self.units where text.hasSuffix(unit) {
      digits = digits.dropLast(unit.count)
      if digits.last == " " { digits.removeLast() }
      scale = size
    }
    guard !digits.isEmpty, digits.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
      throw InvalidValue("must be a whole number of bytes, or one with KiB, MiB or GiB, such as 64MiB")
    }
    guard let number = Int(digits), case (let bytes, false) = number.multipliedReportingOverflow(by: scale) else {
      throw InvalidValue("is more bytes than can be counted")
    }
    self.bytes = bytes
  }

  /// A quarter of the machine's memory, in whole MiB.
  static let quarterOfMemory = Self(bytes: max(1, Int(ProcessInfo.processInfo.physicalMemory >> 22)) << 20)

  /// The number in the largest unit that keeps it whole, so that it reads back to the same amount.
  var description: String {
    for (unit, size) in Self.units where bytes >= size && bytes.isMultiple(of: size) {
      return "\(bytes / size) \(unit)"
    }
    return String(bytes)
  }
}
