extension [UInt8] {
  /// Appends `string` as a JSON string: quoted, with what must be escaped escaped and all else as UTF-8.
  package mutating func append(jsonString string: String) {
    append(UInt8(ascii: "\""))
    defer { append(UInt8(ascii: "\"")) }
    // Nearly always, and much faster.
    if string.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      self += string.utf8
      return
    }
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        append(UInt8(ascii: "\\"))
        append(byte)
      case 0..<0x20:
        append(contentsOf: "\\u00".utf8)
        append(UInt8(ascii: byte < 0x10 ? "0" : "1"))
        append(contentsOf: String(byte & 0xF, radix: 16).utf8)
      default: append(byte)
      }
    }
  }

  /// Appends an object whose members are strings, in their order.
  mutating func append(jsonObject members: some Sequence<(String, String)>) {
    append(UInt8(ascii: "{"))
    var separator = ""
    for (key, value) in members {
      append(contentsOf: separator.utf8)
      append(jsonString: key)
      append(UInt8(ascii: ":"))
      append(jsonString: value)
      separator = ","
    }
    append(UInt8(ascii: "}"))
  }

  /// Appends an array of whole numbers.
  mutating func append(jsonArray numbers: some Sequence<Int>) {
    append(UInt8(ascii: "["))
    var separator = ""
    for number in numbers {
      append(contentsOf: separator.utf8)
      append(contentsOf: String(number).utf8)
      separator = ","
    }
    append(UInt8(ascii: "]"))
  }
}
