/// Reads one option's value from text; what it throws says what the text must be.
struct ValueReader<Value>: Sendable {
  /// What stands for the value in help.
  let placeholder: String
  let read: @Sendable (String) throws -> Value
}

extension ValueReader<Int> {
  static func wholeNumber(in range: ClosedRange<Int>) -> Self {
    Self(placeholder: "n") { text in
      guard let number = Int(text), range.contains(number) else {
        throw InvalidValue("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
  }
}

extension ValueReader<Seconds> {
  static func seconds(in range: ClosedRange<Double>) -> Self {
    Self(placeholder: "seconds") { try Seconds($0, in: range) }
  }
}

extension ValueReader<ByteCount> {
  static let byteCount = Self(placeholder: "bytes") { text in
    let count = try ByteCount(text)
    guard count.bytes > 0 else { throw InvalidValue("must be at least 1") }
    return count
  }
}

extension ValueReader<Host> {
  static let host = Self(placeholder: "host") { try Host($0) }
}

extension ValueReader<String> {
  static let path = Self(placeholder: "file") { text in
    guard !text.isEmpty else { throw InvalidValue("must be the path of a file") }
    return text
  }

  static let hostName = Self(placeholder: "name") { text in
    guard !text.isEmpty, text.utf8.allSatisfy({ isOfHostName($0) }) else {
      throw InvalidValue("must be a host name, without scheme and port")
    }
    return text.lowercased()
  }

  private static func isOfHostName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
