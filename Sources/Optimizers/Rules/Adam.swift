public import Tensors

/// Adam (Kingma and Ba 2014), with amsgrad (Reddi et al. 2018).
///
///     α' = α √(1 - β₂ᵗ) / (1 - β₁ᵗ)             t = i + 1
///     m += (g - m) (1 - β₁)
///     v += (g² - v) (1 - β₂)
///     w -= m α' / (√v + ε)                      amsgrad: v̂ = max(v̂, v) in place of v
///
/// Source: Keras 2.15 `keras.optimizers.legacy.Adam`, TensorFlow's `ApplyAdam`. By rows, the moments of all rows decay
/// and all rows of the variable are updated.
/// Memory traffic a parameter: 28 bytes, with amsgrad 36.
public struct Adam: Rule {
  /// The moments.
  public enum Slot: String, SlotName {
    case m, v, vhat
  }

  public static let className = "Adam"

  public var settings: RuleSettings
  /// β₁, the first moment's decay.
  public var beta1: Float = 0.9
  /// β₂, the second moment's decay.
  public var beta2: Float = 0.999
  /// ε.
  public var epsilon = 1e-7
  /// Whether the second moment never shrinks.
  public var amsgrad = false

  /// Adam with learning rate 0.001.
  public init() {
    settings = RuleSettings(name: Self.className, learningRate: 0.001)
  }

  public var slots: [Slot] { amsgrad ? [.m, .v, .vhat] : [.m, .v] }

  public mutating func fields(_ fields: inout Fields) {
    fields.number("beta_1", &beta1, in: .belowOne)
    fields.number("beta_2", &beta2, in: .belowOne)
    fields.epsilon(&epsilon)
    fields.flag("amsgrad", &amsgrad)
  }

  @inlinable
  public func update<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    let rate: T = step.effectiveLearningRate()
    let alpha = rate * root(1 - step.power(of: T(beta2))) / (1 - step.power(of: T(beta1)))
    let rest1 = 1 - T(beta1)
    let rest2 = 1 - T(beta2)
    let epsilon = T(epsilon)
    if amsgrad {
      blocks(run, &variable, &slots, .m, .v, .vhat, gradient) { w, m, v, vhat, g in
        each(&w, &m, &v, &vhat, g) { w, m, v, vhat, g in
          m += (g - m) * rest1
          v += (g * g - v) * rest2
          vhat = vhat > v ? vhat : v
          w -= (m * alpha) / (root(vhat) + epsilon)
        }
      }
    } else {
      blocks(run, &variable, &slots, .m, .v, gradient) { w, m, v, g in
        each(&w, &m, &v, g) { w, m, v, g in
          m += (g - m) * rest1
          v += (g * g - v) * rest2
          w -= (m * alpha) / (root(v) + epsilon)
        }
      }
    }
  }

  @inlinable
  public func updateRows<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    updateRows(run, &variable, &slots, gradient, step, decay: 0, factor: 0)
  }

  /// The step by rows, after `w -= w decay factor` for rows with a gradient when the decay is not 0.
  @inlinable
  func updateRows<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step,
    decay: T, factor: T
  ) {
    let rate: T = step.effectiveLearningRate()
    let alpha = rate * (root(1 - step.power(of: T(beta2))) / (1 - step.power(of: T(beta1))))
    let (beta1, beta2) = (T(beta1), T(beta2))
    let rest1 = 1 - beta1
    let rest2 = 1 - beta2
    let epsilon = T(epsilon)
    let decays = decay != 0
    if amsgrad {
      blocks(run, &variable, &slots, .m, .v, .vhat, gradient) { w, m, v, vhat, g in
        each(&w, &m, &v, &vhat, g) { w, m, v, vhat, g in
          w = decays ? w - w * decay * factor : w
          m = m * beta1 + g * rest1
          v = v * beta2 + (g * g) * rest2
          vhat = vhat > v ? vhat : v
          w -= (alpha * m) / (root(vhat) + epsilon)
        }
      }
      blocks(withoutGradientOf: run, &variable, &slots, .m, .v, .vhat) { w, m, v, vhat in
        each(&w, &m, &v, &vhat) { w, m, v, vhat in
          m *= beta1
          v *= beta2
          vhat = vhat > v ? vhat : v
          w -= (alpha * m) / (root(vhat) + epsilon)
        }
      }
    } else {
      blocks(run, &variable, &slots, .m, .v, gradient) { w, m, v, g in
        each(&w, &m, &v, g) { w, m, v, g in
          w = decays ? w - w * decay * factor : w
          m = m * beta1 + g * rest1
          v = v * beta2 + (g * g) * rest2
          w -= (alpha * m) / (root(v) + epsilon)
        }
      }
      blocks(withoutGradientOf: run, &variable, &slots, .m, .v) { w, m, v in
        each(&w, &m, &v) { w, m, v in
          m *= beta1
          v *= beta2
          w -= (alpha * m) / (root(v) + epsilon)
        }
      }
    }
  }
}
