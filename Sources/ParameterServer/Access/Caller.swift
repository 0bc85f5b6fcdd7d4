/// Who asks.
struct Caller: Sendable, Equatable {
  /// What they may do.
  let role: Role
  /// Tells one caller from another, the same in each request and after a restart; empty where nobody is told apart.
  let identity: String

  /// Of a server that knows no tokens and no certificates: everybody may do everything.
  static let everybody = Caller(role: .admin, identity: "")
  /// Of an operation that is open to all.
  static let anybody = Caller(role: .none, identity: "")

  /// Who has a token. Of its digest so much as tells tokens apart, and too little to guess one by.
  init(_ entry: TokenTable.Entry) {
    role = entry.role
    let digits = entry.digest.prefix(8).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    identity = "token:\(digits)"
  }

  /// Who has a certificate, by its subject.
  init(certificateOf subject: String) {
    self.init(role: .trainer, identity: "certificate:\(subject)")
  }

  private init(role: Role, identity: String) {
    self.role = role
    self.identity = identity
  }
}
