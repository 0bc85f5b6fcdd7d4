public import Tensors

/// Adagrad (Duchi et al. 2011): the rate of each element falls with the gradients that it has seen.
///
///     a += g²
///     w -= α g / (√a + ε)
///
/// Source: Keras 2.15 `keras.optimizers.legacy.Adagrad`, TensorFlow's `ApplyAdagradV2`.
/// Memory traffic a parameter: 20 bytes.
public struct Adagrad: Rule {
  /// The sum of squares.
  public enum Slot: String, SlotName {
    case accumulator
  }

  public static let className = "Adagrad"

  public var settings: RuleSettings
  /// The sum of squares before the first step.
  public var initialAccumulatorValue = 0.1
  /// ε.
  public var epsilon = 1e-7

  /// Adagrad with learning rate 0.001.
  public init() {
    settings = RuleSettings(name: Self.className, learningRate: 0.001)
  }

  public var slots: [Slot] { [.accumulator] }

  public func initialValue(of slot: Slot) -> Double { initialAccumulatorValue }

  public mutating func fields(_ fields: inout Fields) {
    fields.number("initial_accumulator_value", &initialAccumulatorValue, in: .nonNegative)
    fields.epsilon(&epsilon)
    if fields.isNewerKeras {
      fields.warn("Adagrad is computed as keras.optimizers.legacy.Adagrad, which adds epsilon outside of the root")
    }
  }

  @inlinable
  public func update<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    let alpha: T = step.effectiveLearningRate()
    let epsilon = T(epsilon)
    blocks(run, &variable, &slots, .accumulator, gradient) { w, a, g in
      each(&w, &a, g) { w, a, g in
        a += g * g
        w -= g * alpha / (root(a) + epsilon)
      }
    }
  }
}
