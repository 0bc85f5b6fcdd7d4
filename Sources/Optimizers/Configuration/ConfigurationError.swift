/// What is wrong with an optimizer's configuration, and where.
public struct ConfigurationError: Error, Sendable, Equatable {
  /// The way to the field, such as `config.optimizer.config.momentum`.
  public let field: String
  /// What is allowed there.
  public let allowed: String
  /// What came.
  public let came: String
  /// Whether the value itself would be fine, but not as a change of a running optimizer.
  public let isNotPatchable: Bool

  /// An error at a field.
  public init(field: String, allowed: String, came: String, isNotPatchable: Bool = false) {
    self.field = field
    self.allowed = allowed
    self.came = came
    self.isNotPatchable = isNotPatchable
  }
}

extension ConfigurationError: CustomStringConvertible {
  /// One sentence for people.
  public var description: String { "\(field): expected \(allowed), got \(came)" }
}
