public import Tensors

/// RMSprop (Hinton 2012), with momentum, and centered (Graves 2013).
///
///     s = ρ s + (1 - ρ) g²
///     a = ρ a + (1 - ρ) g                       centered: d = s - a², else d = s
///     w -= α g / (√d + ε)                       without momentum
///     b = μ b + α g / √(d + ε);  w -= b         with momentum μ
///
/// Source: Keras 2.15 `keras.optimizers.legacy.RMSprop`, TensorFlow's `ApplyRMSProp` and `ApplyCenteredRMSProp`. By rows
/// and without momentum, the means of all rows decay; only rows with a gradient are updated.
/// Memory traffic a parameter: 20 bytes, and 8 more each for momentum and centered.
public struct RMSprop: Rule {
  /// The mean square, the velocity and the mean.
  public enum Slot: String, SlotName {
    case rms, momentum, mg
  }

  public static let className = "RMSprop"

  public var settings: RuleSettings
  /// ρ, the means' decay.
  public var rho: Float = 0.9
  /// μ, from 0 to 1.
  public var momentum: Float = 0
  /// ε.
  public var epsilon = 1e-7
  /// Whether the variance takes the place of the mean square.
  public var centered = false

  /// RMSprop with learning rate 0.001.
  public init() {
    settings = RuleSettings(name: Self.className, learningRate: 0.001)
  }

  public var slots: [Slot] {
    [.rms] + (momentum == 0 ? [] : [.momentum]) + (centered ? [.mg] : [])
  }

  public mutating func fields(_ fields: inout Fields) {
    fields.number("rho", &rho, in: .belowOne)
    fields.number("momentum", &momentum, in: .unitInterval)
    fields.epsilon(&epsilon)
    fields.flag("centered", &centered)
    if fields.isNewerKeras, momentum == 0 {
      fields.warn("RMSprop is computed as keras.optimizers.legacy.RMSprop, which adds epsilon outside of the root")
    }
  }

  @inlinable
  public func update<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    let alpha: T = step.effectiveLearningRate()
    let (rho, mu, epsilon) = (T(rho), T(momentum), T(epsilon))
    let rest = 1 - rho
    switch (momentum == 0, centered) {
    case (true, false):
      blocks(run, &variable, &slots, .rms, gradient) { w, s, g in
        each(&w, &s, g) { w, s, g in
          s = rho * s + rest * (g * g)
          w -= alpha * g / (root(s) + epsilon)
        }
      }
    case (true, true):
      blocks(run, &variable, &slots, .rms, .mg, gradient) { w, s, a, g in
        each(&w, &s, &a, g) { w, s, a, g in
          s = rho * s + rest * (g * g)
          a = rho * a + rest * g
          w -= alpha * g / (root(s - a * a) + epsilon)
        }
      }
    case (false, false):
      blocks(run, &variable, &slots, .rms, .momentum, gradient) { w, s, b, g in
        each(&w, &s, &b, g) { w, s, b, g in
          s += (g * g - s) * rest
          b = b * mu + (g * alpha) / root(s + epsilon)
          w -= b
        }
      }
    case (false, true):
      blocks(run, &variable, &slots, .rms, .momentum, .mg, gradient) { w, s, b, a, g in
        each(&w, &s, &b, &a, g) { w, s, b, a, g in
          s += (g * g - s) * rest
          a += (g - a) * rest
          b = b * mu + (g * alpha) / root((s - a * a) + epsilon)
          w -= b
        }
      }
    }
  }

  @inlinable
  public func updateRows<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    guard momentum == 0 else { return updateMomentumRows(run, &variable, &slots, gradient, step) }
    let alpha: T = step.effectiveLearningRate()
    let (rho, epsilon) = (T(rho), T(epsilon))
    let rest = 1 - rho
    blocks(withoutGradientOf: run, &slots, .rms) { s in each(&s) { s in s *= rho } }
    if centered {
      blocks(withoutGradientOf: run, &slots, .mg) { a in each(&a) { a in a *= rho } }
      blocks(run, &variable, &slots, .rms, .mg, gradient) { w, s, a, g in
        each(&w, &s, &a, g) { w, s, a, g in
          s = s * rho + (g * g) * rest
          a = a * rho + g * rest
          w -= alpha * g / (root(s - a * a) + epsilon)
        }
      }
    } else {
      blocks(run, &variable, &slots, .rms, gradient) { w, s, g in
        each(&w, &s, g) { w, s, g in
          s = s * rho + (g * g) * rest
          w -= alpha * g / (root(s) + epsilon)
        }
      }
    }
  }

  /// With momentum, TensorFlow's kernels for rows round at other places than those for all elements.
  @inlinable
  func updateMomentumRows<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    let alpha: T = step.effectiveLearningRate()
    let (rho, mu, epsilon) = (T(rho), T(momentum), T(epsilon))
    let rest = 1 - rho
    if centered {
      blocks(run, &variable, &slots, .rms, .momentum, .mg, gradient) { w, s, b, a, g in
        each(&w, &s, &b, &a, g) { w, s, b, a, g in
          s = s * rho + (g * g) * rest
          a = a * rho + g * rest
          b = b * mu + (1 / root((s + epsilon) - a * a)) * alpha * g
          w -= b
        }
      }
    } else {
      blocks(run, &variable, &slots, .rms, .momentum, gradient) { w, s, b, g in
        each(&w, &s, &b, g) { w, s, b, g in
          s = s * rho + (g * g) * rest
          b = b * mu + (1 / root(s + epsilon)) * alpha * g
          w -= b
        }
      }
    }
  }
}
