public import Tensors

/// Nadam: Adam with Nesterov momentum whose weight follows a schedule (Dozat 2016).
///
///     uₜ = β₁ (1 - ½ 0.96^(δ t)),  pₜ = u₁ … uₜ          t = i + 1
///     m = β₁ m + (1 - β₁) g
///     v = β₂ v + (1 - β₂) g²
///     m̄ = (1 - uₜ) g / (1 - pₜ) + uₜ₊₁ m / (1 - pₜ₊₁)
///     w -= α m̄ / (√(v / (1 - β₂ᵗ)) + ε)
///
/// Source: Keras 2.15 `keras.optimizers.legacy.Nadam`, whose field `decay` is δ. The product p is the scalar
/// `momentum_cache`. By rows, the moments of all rows decay; only rows with a gradient are updated.
/// Memory traffic a parameter: 28 bytes.
public struct Nadam: Rule {
  /// The moments.
  public enum Slot: String, SlotName {
    case m, v
  }

  public static let className = "Nadam"

  public var settings: RuleSettings
  /// β₁, the first moment's decay.
  public var beta1: Float = 0.9
  /// β₂, the second moment's decay.
  public var beta2: Float = 0.999
  /// ε.
  public var epsilon = 1e-7
  /// δ, how fast the momentum's weight grows to β₁.
  public var scheduleDecay = 0.004

  /// Nadam with learning rate 0.001.
  public init() {
    settings = RuleSettings(name: Self.className, learningRate: 0.001, rateForm: .constant)
  }

  public var slots: [Slot] { [.m, .v] }

  public var initialScalars: [RuleScalar] { [RuleScalar(name: "momentum_cache", value: 1)] }

  public mutating func fields(_ fields: inout Fields) {
    fields.number("decay", &scheduleDecay, in: .nonNegative)
    fields.number("beta_1", &beta1, in: .belowOne)
    fields.number("beta_2", &beta2, in: .belowOne)
    fields.epsilon(&epsilon)
    if fields.isNewerKeras {
      fields.warn("Nadam is computed as keras.optimizers.legacy.Nadam, whose momentum schedule has a decay of 0.004")
    }
  }

  public func scalars<T: Trainable>(after step: Step, in type: T.Type) -> [Double] {
    [Double(Coefficients<T>(self, step).product)]
  }

  @inlinable
  public func update<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    let c = Coefficients<T>(self, step)
    blocks(run, &variable, &slots, .m, .v, gradient) { w, m, v, g in
      each(&w, &m, &v, g) { w, m, v, g in
        m = c.beta1 * m + c.rest1 * g
        v = c.beta2 * v + c.rest2 * (g * g)
        let mean = c.restWeight * (g / c.restProduct) + c.nextWeight * (m / c.restNextProduct)
        w -= c.rate * mean / (root(v / c.restPower2) + c.epsilon)
      }
    }
  }

  @inlinable
  public func updateRows<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    let c = Coefficients<T>(self, step)
    blocks(withoutGradientOf: run, &slots, .m) { m in each(&m) { m in m *= c.beta1 } }
    blocks(withoutGradientOf: run, &slots, .v) { v in each(&v) { v in v *= c.beta2 } }
    blocks(run, &variable, &slots, .m, .v, gradient) { w, m, v, g in
      each(&w, &m, &v, g) { w, m, v, g in
        m = m * c.beta1 + g * c.rest1
        v = v * c.beta2 + (g * g) * c.rest2
        let mean = c.restWeight * (g / c.restProduct) + c.nextWeight * (m / c.restNextProduct)
        w -= c.rate * mean / (root(v / c.restPower2) + c.epsilon)
      }
    }
  }

  /// What is the same for all elements of a step.
  @usableFromInline
  struct Coefficients<T: Trainable>: Sendable {
    @usableFromInline let rate: T
    @usableFromInline let beta1: T
    @usableFromInline let beta2: T
    @usableFromInline let rest1: T
    @usableFromInline let rest2: T
    @usableFromInline let epsilon: T
    /// pₜ.
    @usableFromInline let product: T
    @usableFromInline let nextWeight: T
    @usableFromInline let restWeight: T
    @usableFromInline let restProduct: T
    @usableFromInline let restNextProduct: T
    @usableFromInline let restPower2: T

    @usableFromInline
    init(_ rule: Nadam, _ step: Step) {
      let beta1 = T(rule.beta1)
      let decay = T(rule.scheduleDecay)
      // Keras gives the base as a float32 whatever the variable's type.
      let base = T(0.96 as Float)
      let weight = beta1 * (1 - 0.5 * T.power(base, decay * T(step.iteration + 1)))
      nextWeight = beta1 * (1 - 0.5 * T.power(base, decay * T(step.iteration + 2)))
      product = T(step.scalars.first ?? 1) * weight
      rate = step.effectiveLearningRate()
      self.beta1 = beta1
      beta2 = T(rule.beta2)
      rest1 = 1 - beta1
      rest2 = 1 - beta2
      epsilon = T(rule.epsilon)
      restWeight = 1 - weight
      restProduct = 1 - product
      restNextProduct = 1 - product * nextWeight
      restPower2 = 1 - step.power(of: beta2)
    }
  }
}
