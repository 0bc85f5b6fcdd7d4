/// The cycle of the paper on stochastic weight averaging: in each, the rate falls in a straight line from α₁ to α₂.
///
///     α(i) = (1 - t) α₁ + t α₂,   t = ((i mod c) + 1) / c
///
/// Source: Izmailov et al. 2018, section 3.2. With c = 1 the rate is α₂ throughout.
public struct SWACyclical: Schedule {
  public static let className = "SWACyclical"

  /// α₁.
  public var maxLearningRate = 0.0
  /// α₂.
  public var minLearningRate = 0.0
  /// c.
  public var cycleLength = 1

  /// A cycle at 0.
  public init() {}

  public var module: String? { nil }

  public mutating func fields(_ fields: inout Fields) {
    fields.requiredNumber("max_learning_rate", &maxLearningRate, in: .nonNegative)
    fields.requiredNumber("min_learning_rate", &minLearningRate, in: .nonNegative)
    fields.require("cycle_length", allowed: "an integer ≥ 1")
    fields.integer("cycle_length", &cycleLength, from: 1)
    fields.ignored("name")
  }

  public func value(at iteration: Int) -> Float {
    let t = Float(iteration % cycleLength + 1) / Float(cycleLength)
    return (1 - t) * Float(maxLearningRate) + t * Float(minLearningRate)
  }
}
