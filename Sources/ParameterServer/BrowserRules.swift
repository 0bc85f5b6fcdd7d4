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
    if let site = request.head.headerFields[.secFetchSite], site == "cross-site" {
      throw .forbiddenOrigin("Sec-Fetch-Site is cross-site: a page of another site may not change this server")
    }
    if let origin = request.head.headerFields[.origin], Self.authority(of: origin) != authority?.lowercased() {
      throw .forbiddenOrigin(
        "Origin \(origin.escaped) is not this server, \(authority?.escaped ?? "which has no Host")")
    }
  }

  private static func isAllowed(_ host: Substring, _ allowedHosts: [String]) -> Bool {
    let name = host.lowercased()
    if name == "localhost" || name.hasSuffix(".localhost") { return true }
    if name.hasPrefix("[") || isIPv4(name) { return true }
    return allowedHosts.contains { $0.lowercased() == name }
  }

  /// The host of `host:port` (RFC 3986, section 3.2).
  private static func host(of authority: String) -> Substring {
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return authority[...end] }
    return authority.prefix { $0 != ":" }
  }

  /// What follows `scheme://` of an origin, in lower case; the origin itself when there is no scheme.
  private static func authority(of origin: String) -> String {
    guard let separator = origin.firstRange(of: "://") else { return origin.lowercased() }
    return origin[separator.upperBound...].lowercased()
  }

  private static func isIPv4(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil && $0.allSatisfy(\.isASCII) }
  }
}
