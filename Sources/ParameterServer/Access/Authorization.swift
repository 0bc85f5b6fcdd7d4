import HTTPServer
import HTTPTypes
import Locks

/// Judges by a request's head who asks, and whether they may do what they ask for.
public final class Authorization: Sendable {
  private let tokens: Lock<TokenTable?>
  private let digest: @Sendable (Span<UInt8>) -> [UInt8]
  private let takesCertificates: Bool
  /// Whether tokens are known, so that a request that a page of another site makes a browser send is nobody's.
  let takesTokens: Bool
  /// Whether anybody is asked who they are.
  let isRequired: Bool

  /// Everybody may do everything.
  public static let open = Authorization()

  private init() {
    tokens = Lock(nil)
    digest = { _ in [] }
    takesCertificates = false
    takesTokens = false
    isRequired = false
  }

  /// Asks for one of these tokens, whose digests are SHA-256. With `takesCertificates` a client that has proven a name
  /// by a certificate needs none and has role trainer; a token that it sends counts more.
  public init(
    tokens: TokenTable?, takesCertificates: Bool, digest: @escaping @Sendable (Span<UInt8>) -> [UInt8]
  ) {
    self.tokens = Lock(tokens)
    self.takesCertificates = takesCertificates
    takesTokens = tokens != nil
    self.digest = digest
    isRequired = true
  }

  /// Takes other tokens from now on.
  public func replaceTokens(with table: TokenTable) {
    tokens.withLock { $0 = table }
  }

  /// Who asks, when they may do what takes `role`.
  func admit(_ request: Request, to role: Role) throws(Problem) -> Caller {
    guard isRequired else { return .everybody }
    guard role > .none else { return .anybody }
    let caller = try caller(of: request, wanting: role)
    guard caller.role >= role else { throw .forbidden(role: caller.role, needed: role) }
    return caller
  }

  private func caller(of request: Request, wanting role: Role) throws(Problem) -> Caller {
    guard let credentials = request.head.headerFields.value(of: .authorization) else {
      if takesCertificates, let name = request.clientName { return Caller(certificateOf: name) }
      throw .unauthorized("this takes a token of role \(role): send 'Authorization: Bearer TOKEN'")
    }
    let parts = credentials.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else {
      throw .unauthorized("Authorization must be 'Bearer TOKEN'")
    }
    let digest = digest(Array(parts[1].trimmed.utf8).span)
    guard let entry = tokens.withLock({ $0 })?.entry(of: digest) else {
      throw .unauthorized("the token in Authorization is not known here", error: "invalid_token")
    }
    return Caller(entry)
  }
}
