/// The grammar of a host with an optional port (RFC 3986, section 3.2), as a Host field or an absolute target has it.
enum Authority {
  /// Whether the bytes of `range` are a host, which may be empty, and perhaps a port; user information is not allowed.
  static func isSound(_ bytes: Span<UInt8>, in range: Range<Int>) -> Bool {
    var index = range.lowerBound
    if !range.isEmpty, bytes[index] == UInt8(ascii: "[") {
      guard let end = bytes.firstIndex(of: UInt8(ascii: "]"), in: range), isIPv6(bytes, in: index + 1..<end) else {
        return false
      }
      index = end + 1
    } else {
      index = bytes.firstIndex(of: UInt8(ascii: ":"), in: range) ?? range.upperBound
      guard isName(bytes, in: range.lowerBound..<index) else { return false }
    }
    guard index < range.upperBound else { return true }
    return bytes[index] == UInt8(ascii: ":") && isPort(bytes, in: index + 1..<range.upperBound)
  }

  /// A registered name, which may look like an IPv4 address.
  private static func isName(_ bytes: Span<UInt8>, in range: Range<Int>) -> Bool {
    var index = range.lowerBound
    while index < range.upperBound {
      if bytes[index] == UInt8(ascii: "%") {
        guard bytes.hasEscape(at: index, before: range.upperBound) else { return false }
        index += 2
      } else if !ByteClass.registeredName.contains(bytes[index]) {
        return false
      }
      index += 1
    }
    return true
  }

  /// Digits, perhaps none, of a number that a TCP port can be.
  private static func isPort(_ bytes: Span<UInt8>, in range: Range<Int>) -> Bool {
    var port = 0
    for index in range {
      guard bytes[index].isDigit else { return false }
      port = port * 10 + Int(bytes[index] - 48)
      guard port <= 65535 else { return false }
    }
    return true
  }

  private static func isIPv6(_ bytes: Span<UInt8>, in range: Range<Int>) -> Bool {
    let colon = UInt8(ascii: ":")
    var groups = 0
    var isElided = false
    var index = range.lowerBound
    if range.count >= 2, bytes[index] == colon, bytes[index + 1] == colon {
      isElided = true
      index += 2
    }
    while index < range.upperBound {
      let end = bytes.firstIndex(of: colon, in: index..<range.upperBound) ?? range.upperBound
      if end == range.upperBound, isIPv4(bytes, in: index..<end) {
        groups += 2
        break
      }
      guard (1...4).contains(end - index), (index..<end).allSatisfy({ bytes[$0].hexadecimalValue != nil }) else {
        return false
      }
      groups += 1
      index = end
      guard index < range.upperBound else { break }
      index += 1
      guard index < range.upperBound else { return false }
      if bytes[index] == colon {
        guard !isElided else { return false }
        isElided = true
        index += 1
      }
    }
    return isElided ? groups < 8 : groups == 8
  }

  private static func isIPv4(_ bytes: Span<UInt8>, in range: Range<Int>) -> Bool {
    var count = 0
    var start = range.lowerBound
    while start <= range.upperBound {
      let end = bytes.firstIndex(of: UInt8(ascii: "."), in: start..<range.upperBound) ?? range.upperBound
      guard (1...3).contains(end - start), (start..<end).allSatisfy({ bytes[$0].isDigit }),
        (start..<end).reduce(0, { $0 * 10 + Int(bytes[$1] - 48) }) <= 255
      else { return false }
      count += 1
      start = end + 1
    }
    return count == 4
  }
}
