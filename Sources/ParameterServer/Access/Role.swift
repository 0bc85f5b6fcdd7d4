/// Who may do what; each role may do what those before it may.
public enum Role: Int, Sendable, Comparable, CaseIterable {
  /// Anybody.
  case none
  /// Sees weights and state.
  case reader
  /// Sends gradients.
  case trainer
  /// Changes the model and the optimizer.
  case admin

  /// The roles that a token can give, the least first.
  public static let ofTokens: [Role] = [.reader, .trainer, .admin]

  /// Orders by what a role may do.
  public static func < (a: Role, b: Role) -> Bool { a.rawValue < b.rawValue }
}

extension Role: LosslessStringConvertible {
  /// The role that a token's line names so; nil when there is none.
  public init?(_ name: String) {
    guard let role = Self.ofTokens.first(where: { $0.description == name }) else { return nil }
    self = role
  }

  /// The name as a token's line has it.
  public var description: String {
    switch self {
    case .none: "none"
    case .reader: "reader"
    case .trainer: "trainer"
    case .admin: "admin"
    }
  }
}
