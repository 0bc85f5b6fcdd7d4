/// Keras's three ways to bound gradients; each nil for none.
public struct Clipping: Sendable, Equatable {
  /// The most that each variable's gradient may have as 2-norm.
  public var norm: Double?
  /// The most that each element may have as absolute value.
  public var value: Double?
  /// The most that all gradients together may have as 2-norm.
  public var globalNorm: Double?

  /// No clipping.
  public init() {}

  /// Whether nothing is clipped.
  public var isNone: Bool { norm == nil && value == nil && globalNorm == nil }

  /// The names of the three settings.
  static let fieldNames = ["clipnorm", "clipvalue", "global_clipnorm"]

  mutating func fields(_ fields: inout Fields) {
    fields.optionalNumber("clipnorm", &norm, in: .positive)
    fields.optionalNumber("clipvalue", &value, in: .positive)
    fields.optionalNumber("global_clipnorm", &globalNorm, in: .positive)
    if norm != nil, globalNorm != nil {
      fields.fail("global_clipnorm", allowed: "null beside clipnorm", came: "both")
    }
  }
}
