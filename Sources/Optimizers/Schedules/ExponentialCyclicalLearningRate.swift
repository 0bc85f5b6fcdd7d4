/// As the triangular cycle, its height multiplied by γ at each step, or at each cycle.
///
/// Source: TensorFlow Addons 0.23 `tfa.optimizers.ExponentialCyclicalLearningRate` (Smith 2015).
public struct ExponentialCyclicalLearningRate: Schedule {
  public static let className = "ExponentialCyclicalLearningRate"

  /// Lowest and highest rate, and steps between them.
  public var cycle = RateCycle()
  /// Whether the height depends on the number of the `cycle` or of the step, `iterations`.
  public var scaleMode = "iterations"
  /// γ.
  public var gamma = 1.0

  /// A schedule whose rate is 0.
  public init() {}

  public var module: String? { RateCycle.module }

  public var registeredName: String? { "Addons>" + Self.className }

  public mutating func fields(_ fields: inout Fields) {
    cycle.fields(&fields)
    fields.choice("scale_mode", &scaleMode, of: ["cycle", "iterations"])
    fields.number("gamma", &gamma, in: .nonNegative)
    fields.ignored("name")
  }

  public func value(at iteration: Int) -> Float {
    cycle.value(at: iteration) { number in
      let x = scaleMode == "cycle" ? number : Float(iteration)
      return Float.power(Float(gamma), x)
    }
  }
}
