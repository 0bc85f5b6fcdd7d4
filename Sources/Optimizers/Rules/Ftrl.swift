public import Tensors

/// Follow the regularized leader (McMahan et al. 2013), with both L2 terms of TensorFlow.
///
///     a' = a + g²;  s = g + 2 λ w               λ: l2_shrinkage
///     z += s - (a'ᵖ - aᵖ) / α · w               p = -learning_rate_power, by default ½
///     w = |z| > l1 ? (sign(z) l1 - z) / (a'ᵖ / α + 2 (l2 + β / (2 α))) : 0
///
/// Source: Keras 2.15 `keras.optimizers.legacy.Ftrl`, TensorFlow's `ApplyFtrlV2`.
/// Memory traffic a parameter: 28 bytes; a power other than -½ costs two calls of the C library instead.
public struct Ftrl: Rule {
  /// The sum of squares and the leader.
  public enum Slot: String, SlotName {
    case accumulator, linear
  }

  public static let className = "Ftrl"

  public var settings: RuleSettings
  /// How the rate falls with the sum of squares; not above 0.
  public var learningRatePower: Float = -0.5
  /// The sum of squares before the first step.
  public var initialAccumulatorValue = 0.1
  /// l1.
  public var l1: Float = 0
  /// l2.
  public var l2: Float = 0
  /// λ, the L2 term that acts on the gradient.
  public var l2Shrinkage = 0.0
  /// β, by which the rate is lower.
  public var beta: Float = 0

  /// Ftrl with learning rate 0.001.
  public init() {
    settings = RuleSettings(name: Self.className, learningRate: 0.001, rateForm: .positive)
  }

  public var slots: [Slot] { [.accumulator, .linear] }

  public var listsStateByVariable: Bool { true }

  public func initialValue(of slot: Slot) -> Double { slot == .accumulator ? initialAccumulatorValue : 0 }

  public mutating func fields(_ fields: inout Fields) {
    fields.number("learning_rate_power", &learningRatePower, in: .nonPositive)
    fields.number("initial_accumulator_value", &initialAccumulatorValue, in: .nonNegative)
    fields.number("l1_regularization_strength", &l1, in: .nonNegative)
    fields.number("l2_regularization_strength", &l2, in: .nonNegative)
    fields.number("l2_shrinkage_regularization_strength", &l2Shrinkage, in: .nonNegative)
    fields.number("beta", &beta, in: .nonNegative)
  }

  @inlinable
  public func update<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    let alpha: T = step.effectiveLearningRate()
    let l1 = T(l1)
    let twiceL2 = 2 * (T(l2) + T(beta) / (2 * alpha))
    // Keras casts this one by way of float32.
    let twiceShrinkage = 2 * T(Float(l2Shrinkage))
    let exponent = -T(learningRatePower)
    if learningRatePower == -0.5 {
      blocks(run, &variable, &slots, .accumulator, .linear, gradient) { w, a, z, g in
        each(&w, &a, &z, g) { w, a, z, g in
          let sum = a + g * g
          let newRoot = root(sum)
          z += (g + twiceShrinkage * w) - (newRoot - root(a)) / alpha * w
          let leader = ((z > 0 ? l1 : -l1) - z) / (newRoot / alpha + twiceL2)
          w = z.magnitude > l1 ? leader : 0
          a = sum
        }
      }
    } else {
      blocks(run, &variable, &slots, .accumulator, .linear, gradient) { w, a, z, g in
        each(&w, &a, &z, g) { w, a, z, g in
          let sum = a + g * g
          let newPower = T.power(sum, exponent)
          z += (g + twiceShrinkage * w) - (newPower - T.power(a, exponent)) / alpha * w
          let leader = ((z > 0 ? l1 : -l1) - z) / (newPower / alpha + twiceL2)
          w = z.magnitude > l1 ? leader : 0
          a = sum
        }
      }
    }
  }
}
