import HTTPServer
import HTTPTypes

/// Keeps pages of other sites from using the server through a visitor's browser.
struct BrowserRules: Sendable {
  /// Names beside localhost and addresses; nil when any will do, because a page of another site has no token.
  let allowedHosts: [String]?

  /// Refuses requests to a name that the server was not told (DNS rebinding), then changes that another site's page
  /// makes.
  func check(_ request: Request) throws(Problem) {
    let authority = request.head.authority
    if let authority, let allowedHosts, !Self.isAllowed(Self.host(of: authority), allowedHosts) {
      throw .misdirected(host: authority)
    }
    let method = request.head.method
    guard method != .get, method != .head, method != .options else { return }
    let fields = request.head.headerFields
    // One field is what browsers send; of several each counts.
    if let sites = fields.value(of: .secFetchSite),
      sites.split(separator: ",").contains(where: { $0.trimmed == "cross-site" })
    {
      throw .forbiddenOrigin("Sec-Fetch-Site is cross-site: a page of another site may not change this server")
    }
    guard let origin = fields.value(of: .origin) else { return }
    guard let source = Self.authority(of: origin), source == authority?.lowercased() else {
      throw .forbiddenOrigin(
        "Origin \(origin.escaped) is not this server, \(authority?.escaped ?? "which has no Host")")
    }
  }

  private static func isAllowed(_ host: Substring, _ allowedHosts: [String]) -> Bool {
    // What most clients say, before anything is made of it.
    if host == "localhost" || isIPv4(host) { return true }
    let name = host.lowercased()
    if name == "localhost" || name.hasSuffix(".localhost") { return true }
    if name.hasPrefix("[") { return true }
    return allowedHosts.contains { $0.lowercased() == name }
  }

  /// The host of `host:port` (RFC 3986, section 3.2).
  private static func host(of authority: String) -> Substring {
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return authority[...end] }
    return authority[..<(authority.utf8.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex)]
  }

  /// What follows `scheme://` of an origin, in lower case; nil when there is no scheme.
  private static func authority(of origin: String) -> String? {
    guard let separator = origin.firstRange(of: "://") else { return nil }
    return origin[separator.upperBound...].lowercased()
  }

  /// Four numbers below 256 with dots between them.
  private static func isIPv4(_ name: Substring) -> Bool {
    var dots = 0
    var number: Int?
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        number = (number ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
        guard number ?? 0 < 256 else { return false }
      case UInt8(ascii: "."):
        guard number != nil else { return false }
        number = nil
        dots += 1
      default: return false
      }
    }
    return dots == 3 && number != nil
  }
}
