/// Writes the few JSON values that a problem is made of.
struct JSONText {
  private(set) var bytes: [UInt8] = Array("{".utf8)

  mutating func add(_ name: String, _ value: Problem.Member) {
    if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
    add(name)
    bytes.append(UInt8(ascii: ":"))
    switch value {
    case .string(let text): add(text)
    case .integer(let number): bytes += "\(number)".utf8
    case .strings(let texts):
      bytes.append(UInt8(ascii: "["))
      for (index, text) in texts.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        add(text)
      }
      bytes.append(UInt8(ascii: "]"))
    }
  }

  /// Ends the object with a line feed.
  mutating func end() {
    bytes += "}\n".utf8
  }

  private mutating func add(_ text: String) {
    let digits = Array("0123456789abcdef".utf8)
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<32, 127: bytes += "\\u00".utf8 + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
