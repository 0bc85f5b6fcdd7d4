/// The sets of bytes that the grammars of RFC 9110 and RFC 3986 are made of.
struct ByteClass: Sendable {
  private let low: UInt64
  private let high: UInt64

  /// The set of the given ASCII characters.
  private init(_ characters: String) {
    var low: UInt64 = 0
    var high: UInt64 = 0
    for byte in characters.utf8 {
      if byte < 64 { low |= 1 << UInt64(byte) } else if byte < 128 { high |= 1 << UInt64(byte - 64) }
    }
    self.low = low
    self.high = high
  }

  @inline(__always)
  func contains(_ byte: UInt8) -> Bool {
    if byte < 64 { return low & (1 << UInt64(byte)) != 0 }
    return byte < 128 && high & (1 << UInt64(byte & 63)) != 0
  }

  private static let alphanumerics = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

  /// tchar (RFC 9110, section 5.6.2).
  static let token = ByteClass(alphanumerics + "!#$%&'*+-.^_`|~")

  /// pchar, `/` and `?` (RFC 3986, sections 3.3 and 3.4); `%` counts, its digits are checked apart.
  static let target = ByteClass(alphanumerics + "-._~!$&'()*+,;=:@/?%")

  /// A registered name (RFC 3986, section 3.2.2), percent-encoding aside.
  static let registeredName = ByteClass(alphanumerics + "-._~!$&'()*+,;=")
}

extension UInt8 {
  static let lineFeed: UInt8 = 10
  static let carriageReturn: UInt8 = 13
  static let space: UInt8 = 32
  static let tab: UInt8 = 9

  /// SP or HTAB.
  var isBlank: Bool { self == .space || self == .tab }

  /// What a field value may hold: visible characters, blanks and obs-text (RFC 9110, section 5.5).
  var isText: Bool { self == .tab || self >= .space && self != 127 }

  var isDigit: Bool { (48...57).contains(self) }

  /// The value of a hexadecimal digit.
  var hexadecimalValue: UInt8? {
    switch self {
    case 48...57: self - 48
    case 65...70: self - 55
    case 97...102: self - 87
    default: nil
    }
  }

  /// The letter in lower case, everything else as it is.
  var lowercased: UInt8 { (65...90).contains(self) ? self | 32 : self }
}
