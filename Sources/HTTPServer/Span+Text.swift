extension Span where Element == UInt8 {
  /// The bytes of `range` as text; nil when they are not UTF-8.
  func text(in range: Range<Int>) -> String? {
    guard let text = try? UTF8Span(validating: extracting(range)) else { return nil }
    return String(copying: text)
  }

  /// Whether the bytes of `range` are `text`, which is in lower case, without regard to case.
  func matches(_ text: String, in range: Range<Int>) -> Bool {
    let text = text.utf8.span
    guard range.count == text.count else { return false }
    let bytes = extracting(range)
    for index in text.indices where bytes[index].lowercased != text[index] { return false }
    return true
  }

  /// Whether the first bytes are these. Without a way out of the loop, so that it goes by vectors.
  func begins(with prefix: Span<UInt8>) -> Bool {
    guard count >= prefix.count else { return false }
    var difference: UInt8 = 0
    for index in prefix.indices { difference |= self[index] ^ prefix[index] }
    return difference == 0
  }

  /// The bytes of `range`.
  func copy(of range: Range<Int>) -> [UInt8] {
    var copy: [UInt8] = []
    copy.append(addingCapacity: range.count) { output in
      for index in range { output.append(self[index]) }
    }
    return copy
  }

  /// The range without blanks at its ends.
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var lower = range.lowerBound
    var upper = range.upperBound
    while lower < upper, self[lower].isBlank { lower += 1 }
    while upper > lower, self[upper - 1].isBlank { upper -= 1 }
    return lower..<upper
  }

  /// The first place of `byte` in `range`.
  func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
    var index = range.lowerBound
    while index < range.upperBound {
      if self[index] == byte { return index }
      index += 1
    }
    return nil
  }

  /// Calls `body` for each element of a comma-separated list (RFC 9110, section 5.6.1), empty ones left out.
  func eachListElement(in range: Range<Int>, _ body: (Range<Int>) -> Void) {
    var start = range.lowerBound
    while start <= range.upperBound {
      let end = firstIndex(of: UInt8(ascii: ","), in: start..<range.upperBound) ?? range.upperBound
      let element = trimmed(start..<end)
      if !element.isEmpty { body(element) }
      start = end + 1
    }
  }

  /// Whether the `%` at `index` is followed by two hexadecimal digits before `end`.
  func hasEscape(at index: Int, before end: Int) -> Bool {
    index + 2 < end && self[index + 1].hexadecimalValue != nil && self[index + 2].hexadecimalValue != nil
  }

  /// The bytes of `range` with `%` and two hexadecimal digits decoded; nil when a `%` lacks them.
  func percentDecoded(_ range: Range<Int>) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      if self[index] == UInt8(ascii: "%") {
        guard index + 2 < range.upperBound, let high = self[index + 1].hexadecimalValue,
          let low = self[index + 2].hexadecimalValue
        else { return nil }
        bytes.append(high << 4 | low)
        index += 3
      } else {
        bytes.append(self[index])
        index += 1
      }
    }
    return bytes
  }
}
