extension JSONCursor {
  /// Whether a number comes next.
  @inline(__always)
  package func isNumber(in text: Span<UInt8>) -> Bool {
    peek(in: text) == UInt8(ascii: "-") || isDigit(in: text)
  }

  /// Steps over a number (RFC 8259 section 6) and answers where it stands.
  package mutating func number(in text: Span<UInt8>) throws(Failure) -> Range<Int> {
    let start = offset
    _ = take("-", in: text)
    if take("0", in: text) {
      if isDigit(in: text) { throw failure(.invalidNumber, at: start) }
    } else {
      try digits(in: text, of: start)
    }
    if take(".", in: text) { try digits(in: text, of: start) }
    if take("e", in: text) || take("E", in: text) {
      if !take("+", in: text) { _ = take("-", in: text) }
      try digits(in: text, of: start)
    }
    return start..<offset
  }

  /// Steps over a number that must be a whole one from 0 on, written in digits alone; nil when it is another number, too
  /// large for `Int`, or no number.
  package mutating func size(in text: Span<UInt8>) throws(Failure) -> Int? {
    guard isNumber(in: text) else { return nil }
    var value = 0
    for index in try number(in: text) {
      let byte = text[index]
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      let (product, tooBig) = value.multipliedReportingOverflow(by: 10)
      let (sum, stillTooBig) = product.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
      guard !tooBig, !stillTooBig else { return nil }
      value = sum
    }
    return value
  }

  @inline(__always)
  private func isDigit(in text: Span<UInt8>) -> Bool {
    offset < text.count && text[offset] >= UInt8(ascii: "0") && text[offset] <= UInt8(ascii: "9")
  }

  @inline(__always)
  private mutating func digits(in text: Span<UInt8>, of start: Int) throws(Failure) {
    guard isDigit(in: text) else {
      throw failure(offset < text.count ? .invalidNumber : .unexpectedEnd, at: offset < text.count ? start : offset)
    }
    repeat { offset += 1 } while isDigit(in: text)
  }
}
