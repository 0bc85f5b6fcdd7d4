public import Tensors

/// Adadelta (Zeiler 2012): steps in the units of the variable, from running means of squared gradients and steps.
///
///     a = ρ a + (1 - ρ) g²
///     u = √(d + ε) / √(a + ε) · g
///     w -= α u
///     d = ρ d + (1 - ρ) u²
///
/// Source: Keras 2.15 `keras.optimizers.legacy.Adadelta`, TensorFlow's `ApplyAdadelta`.
/// Memory traffic a parameter: 28 bytes.
public struct Adadelta: Rule {
  /// The mean squares of gradients and of steps.
  public enum Slot: String, SlotName {
    case gradients = "accum_grad"
    case steps = "accum_var"
  }

  public static let className = "Adadelta"

  public var settings: RuleSettings
  /// ρ, the means' decay.
  public var rho: Float = 0.95
  /// ε.
  public var epsilon = 1e-7

  /// Adadelta with learning rate 0.001.
  public init() {
    settings = RuleSettings(name: Self.className, learningRate: 0.001)
  }

  public var slots: [Slot] { [.gradients, .steps] }

  public mutating func fields(_ fields: inout Fields) {
    fields.number("rho", &rho, in: .belowOne)
    fields.epsilon(&epsilon)
  }

  @inlinable
  public func update<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    let alpha: T = step.effectiveLearningRate()
    let (rho, epsilon) = (T(rho), T(epsilon))
    let rest = 1 - rho
    blocks(run, &variable, &slots, .gradients, .steps, gradient) { w, a, d, g in
      each(&w, &a, &d, g) { w, a, d, g in
        a = a * rho + (g * g) * rest
        let u = root(d + epsilon) * (1 / root(a + epsilon)) * g
        w -= u * alpha
        d = d * rho + (u * u) * rest
      }
    }
  }
}
