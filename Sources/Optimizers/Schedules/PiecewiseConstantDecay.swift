/// A rate for each stretch of steps: `values[count of boundaries < i]`.
///
/// Source: `tf.keras.optimizers.schedules.PiecewiseConstantDecay`.
public struct PiecewiseConstantDecay: Schedule {
  public static let className = "PiecewiseConstantDecay"

  /// The last steps of all stretches but the last, ascending.
  public var boundaries: [Double] = []
  /// The rates, one more.
  public var values = [0.0]

  /// A schedule whose rate is 0.
  public init() {}

  public mutating func fields(_ fields: inout Fields) {
    fields.require("boundaries", allowed: "a list of numbers")
    fields.require("values", allowed: "a list of numbers")
    fields.numbers("boundaries", &boundaries)
    fields.numbers("values", &values, in: .nonNegative)
    fields.ignored("name")
    if values.count != boundaries.count + 1 {
      fields.fail(
        "values", allowed: "one value more than boundaries",
        came: "\(values.count) values and \(boundaries.count) boundaries")
    }
    if zip(boundaries, boundaries.dropFirst()).contains(where: { $0 >= $1 }) {
      fields.fail("boundaries", allowed: "ascending numbers", came: "\(boundaries)")
    }
  }

  public func value(at iteration: Int) -> Float {
    // TensorFlow compares in float32 too.
    let index = boundaries.prefix { Float($0) < Float(iteration) }.count
    return index < values.count ? Float(values[index]) : 0
  }
}
