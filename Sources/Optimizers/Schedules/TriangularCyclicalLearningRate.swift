/// The rate goes up and down in straight lines between two values.
///
/// Source: TensorFlow Addons 0.23 `tfa.optimizers.TriangularCyclicalLearningRate` (Smith 2015).
public struct TriangularCyclicalLearningRate: Schedule {
  public static let className = "TriangularCyclicalLearningRate"

  /// Lowest and highest rate, and steps between them.
  public var cycle = RateCycle()
  /// Whether the height depends on the number of the `cycle` or of the step, `iterations`.
  public var scaleMode = "cycle"

  /// A schedule whose rate is 0.
  public init() {}

  public var module: String? { RateCycle.module }

  public var registeredName: String? { "Addons>" + Self.className }

  public mutating func fields(_ fields: inout Fields) {
    cycle.fields(&fields)
    fields.choice("scale_mode", &scaleMode, of: ["cycle", "iterations"])
    fields.ignored("name")
  }

  public func value(at iteration: Int) -> Float {
    cycle.value(at: iteration) { _ in 1 }
  }
}
