extension JSONCursor {
  /// Steps over a string and answers it decoded.
  package mutating func string(in text: Span<UInt8>) throws(Failure) -> String {
    let start = offset
    let (content, hasEscapes) = try stringContent(in: text)
    guard hasEscapes else {
      guard let utf8 = try? UTF8Span(validating: text.extracting(content)) else {
        throw failure(.invalidUTF8, at: start)
      }
      return String(copying: utf8)
    }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(content.count)
    var escape = JSONCursor(offset: content.lowerBound)
    while escape.offset < content.upperBound {
      let byte = text[escape.offset]
      escape.offset += 1
      if byte != UInt8(ascii: "\\") {
        decoded.append(byte)
      } else {
        for unit in Unicode.UTF8.encode(try escape.escapedScalar(in: text)) ?? Unicode.UTF8.encodedReplacementCharacter
        {
          decoded.append(unit)
        }
      }
    }
    guard let string = String(validating: decoded, as: UTF8.self) else { throw failure(.invalidUTF8, at: start) }
    return string
  }

  /// Steps over a string, checking it as `string(in:)` does.
  package mutating func skipString(in text: Span<UInt8>) throws(Failure) {
    _ = try string(in: text)
  }

  /// Steps over a string and answers what stands between its quotes, and whether there are escapes in it.
  @inline(__always)
  private mutating func stringContent(in text: Span<UInt8>) throws(Failure) -> (Range<Int>, hasEscapes: Bool) {
    guard take("\"", in: text) else { throw unexpected(in: text, "a string") }
    let start = offset
    var hasEscapes = false
    while offset < text.count {
      let byte = text[offset]
      if byte == UInt8(ascii: "\"") {
        offset += 1
        return (start..<(offset - 1), hasEscapes)
      }
      guard byte >= 0x20 else { throw failure(.controlCharacter) }
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        offset += 1
      }
      offset += 1
    }
    throw failure(.unexpectedEnd, at: text.count)
  }

  /// Steps over an escape, of which the backslash has been read, and answers the character it stands for.
  private mutating func escapedScalar(in text: Span<UInt8>) throws(Failure) -> Unicode.Scalar {
    let start = offset - 1
    let byte = text[offset]
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw failure(.invalidEscape, at: start)
    }
    let unit = try fourHexadecimalDigits(in: text)
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard unit < 0xDC00, take("\\", in: text), take("u", in: text) else { throw failure(.loneSurrogate, at: start) }
    let second = try fourHexadecimalDigits(in: text)
    guard second >= 0xDC00, second < 0xE000,
      let scalar = Unicode.Scalar(0x1_0000 + (UInt32(unit - 0xD800) << 10 | UInt32(second - 0xDC00)))
    else { throw failure(.loneSurrogate, at: start) }
    return scalar
  }

  private mutating func fourHexadecimalDigits(in text: Span<UInt8>) throws(Failure) -> UInt16 {
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = peek(in: text) else { throw failure(.unexpectedEnd) }
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw failure(.invalidEscape)
      }
      value = value << 4 | UInt16(digit)
      offset += 1
    }
    return value
  }
}
