/// Where to listen: a name or an IP address, as given.
struct Host: Equatable, Sendable, CustomStringConvertible {
  let description: String

  static let ipv4Loopback = Self(literal: "127.0.0.1")

  private init(literal: String) {
    description = literal
  }

  /// Takes a name, an IPv4 or an IPv6 address, the latter with or without brackets.
  init(_ text: String) throws(InvalidValue) {
    let bare = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
    guard !bare.isEmpty, bare.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), !bare.contains("/") else {
      throw InvalidValue("must be a name, an IPv4 or an IPv6 address")
    }
    if bare.contains(":"), !bare.utf8.allSatisfy({ Self.isOfIPv6($0) }), !bare.contains("%") {
      throw InvalidValue("must be a name or an address; the port is --port")
    }
    description = bare
  }

  /// The host in a URL (RFC 3986, section 3.2.2: IPv6 in brackets).
  var inURL: String { description.contains(":") ? "[\(description)]" : description }

  /// Whether only this machine can reach it. A name other than localhost counts as reachable from elsewhere, whatever
  /// it resolves to today.
  var isLoopback: Bool {
    if description.lowercased() == "localhost" || description == "::1" { return true }
    let parts = description.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  private static func isOfIPv6(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: ":"), UInt8(ascii: "."):
      true
    default: false
    }
  }
}
