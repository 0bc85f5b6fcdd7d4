public import Tensors

/// Adamax: Adam with the infinity norm in place of the second moment (Kingma and Ba 2014, section 7).
///
///     m += (g - m) (1 - β₁)
///     v = max(β₂ v, |g|)
///     w -= α / (1 - β₁ᵗ) · m / (v + ε)          t = i + 1
///
/// Source: Keras 2.15 `keras.optimizers.legacy.Adamax`, TensorFlow's `ApplyAdaMax`.
/// Memory traffic a parameter: 28 bytes.
public struct Adamax: Rule {
  /// The first moment and the norm.
  public enum Slot: String, SlotName {
    case m, v
  }

  public static let className = "Adamax"

  public var settings: RuleSettings
  /// β₁, the first moment's decay.
  public var beta1: Float = 0.9
  /// β₂, the norm's decay.
  public var beta2: Float = 0.999
  /// ε.
  public var epsilon = 1e-7

  /// Adamax with learning rate 0.001.
  public init() {
    settings = RuleSettings(name: Self.className, learningRate: 0.001)
  }

  public var slots: [Slot] { [.m, .v] }

  public mutating func fields(_ fields: inout Fields) {
    fields.number("beta_1", &beta1, in: .belowOne)
    fields.number("beta_2", &beta2, in: .belowOne)
    fields.epsilon(&epsilon)
  }

  @inlinable
  public func update<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    let rate: T = step.effectiveLearningRate()
    let alpha = rate / (1 - step.power(of: T(beta1)))
    let rest1 = 1 - T(beta1)
    let beta2 = T(beta2)
    let epsilon = T(epsilon)
    blocks(run, &variable, &slots, .m, .v, gradient) { w, m, v, g in
      each(&w, &m, &v, g) { w, m, v, g in
        m += (g - m) * rest1
        let decayed = beta2 * v
        let magnitude = g.magnitude
        v = decayed > magnitude ? decayed : magnitude
        w -= alpha * (m / (v + epsilon))
      }
    }
  }

  @inlinable
  public func updateRows<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    let rate: T = step.effectiveLearningRate()
    let alpha = rate / (1 - step.power(of: T(beta1)))
    let (beta1, beta2) = (T(beta1), T(beta2))
    let rest1 = 1 - beta1
    let epsilon = T(epsilon)
    blocks(run, &variable, &slots, .m, .v, gradient) { w, m, v, g in
      each(&w, &m, &v, g) { w, m, v, g in
        m = m * beta1 + g * rest1
        let decayed = v * beta2
        let magnitude = g.magnitude
        v = decayed > magnitude ? decayed : magnitude
        w -= alpha * (m / (v + epsilon))
      }
    }
  }
}
