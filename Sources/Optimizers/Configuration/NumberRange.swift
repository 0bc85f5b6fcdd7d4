/// The values that a number in a configuration may have; always finite.
public struct NumberRange: Sendable, Equatable {
  /// The least value, or what the value must exceed when `isLowerOpen`.
  public let lowerBound: Double
  /// The greatest value, or what the value must stay below when `isUpperOpen`.
  public let upperBound: Double
  /// Whether `lowerBound` itself is excluded.
  public let isLowerOpen: Bool
  /// Whether `upperBound` itself is excluded.
  public let isUpperOpen: Bool

  /// A range; infinite bounds mean none.
  public init(
    from lowerBound: Double = -.infinity, to upperBound: Double = .infinity, isLowerOpen: Bool = false,
    isUpperOpen: Bool = false
  ) {
    self.lowerBound = lowerBound
    self.upperBound = upperBound
    self.isLowerOpen = isLowerOpen
    self.isUpperOpen = isUpperOpen
  }

  /// Any finite number.
  public static let finite = NumberRange()
  /// From 0 on.
  public static let nonNegative = NumberRange(from: 0)
  /// Above 0.
  public static let positive = NumberRange(from: 0, isLowerOpen: true)
  /// From 0 to 1.
  public static let unitInterval = NumberRange(from: 0, to: 1)
  /// From 0 to below 1.
  public static let belowOne = NumberRange(from: 0, to: 1, isUpperOpen: true)
  /// Up to 0.
  public static let nonPositive = NumberRange(to: 0)

  /// Whether the range holds a value.
  public func contains(_ value: Double) -> Bool {
    guard value.isFinite else { return false }
    let isAbove = isLowerOpen ? value > lowerBound : value >= lowerBound
    let isBelow = isUpperOpen ? value < upperBound : value <= upperBound
    return isAbove && isBelow
  }
}

extension NumberRange: CustomStringConvertible {
  /// Such as `a number in [0, 1)` or `a number ≥ 0`.
  public var description: String {
    switch (lowerBound.isFinite, upperBound.isFinite) {
    case (false, false): "a finite number"
    case (true, false): "a number \(isLowerOpen ? ">" : "≥") \(Self.text(lowerBound))"
    case (false, true): "a number \(isUpperOpen ? "<" : "≤") \(Self.text(upperBound))"
    case (true, true):
      "a number in \(isLowerOpen ? "(" : "[")\(Self.text(lowerBound)), \(Self.text(upperBound))\(isUpperOpen ? ")" : "]")"
    }
  }

  private static func text(_ bound: Double) -> String {
    bound == bound.rounded() ? "\(Int(bound))" : "\(bound)"
  }
}
