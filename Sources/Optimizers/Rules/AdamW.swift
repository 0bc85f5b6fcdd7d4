public import Tensors

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019): the weights shrink by themselves, not by the gradient.
///
///     w -= λ w                                  Keras's own class: w -= λ α w
///     then Adam's step
///
/// Source: TensorFlow Addons 0.23 `tfa.optimizers.AdamW`; with a module of Keras, Keras 2.15 `keras.optimizers.AdamW`. By
/// rows, those with a gradient shrink.
/// Memory traffic a parameter: 28 bytes, with amsgrad 36.
public struct AdamW: Rule {
  public typealias Slot = Adam.Slot

  public static let className = "AdamW"

  /// The rule after the decay.
  public var adam = Adam()
  /// λ.
  public var weightDecay: Float = 0
  /// Whether the decay is multiplied by the learning rate, as Keras's own class does.
  public var scalesDecayByRate = false

  /// AdamW without weight decay and with learning rate 0.001.
  public init() {
    adam.settings.name = Self.className
  }

  public var settings: RuleSettings {
    get { adam.settings }
    set { adam.settings = newValue }
  }

  public var slots: [Slot] { adam.slots }

  public var module: String? {
    scalesDecayByRate ? "keras.optimizers" : "tensorflow_addons.optimizers.weight_decay_optimizers"
  }

  public var registeredName: String? { scalesDecayByRate ? nil : "Addons>AdamW" }

  public mutating func fields(_ fields: inout Fields) {
    if fields.isReading {
      scalesDecayByRate = fields.isNewerKeras || fields.module?.hasPrefix("keras") ?? false
      if scalesDecayByRate { weightDecay = 0.004 } else { fields.require("weight_decay", allowed: "a number ≥ 0") }
    }
    fields.number("weight_decay", &weightDecay, in: .nonNegative)
    adam.fields(&fields)
    fields.neutral("exclude_from_weight_decay", [.null, .list([])])
  }

  @inlinable
  public func update<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    let rate: T = step.effectiveLearningRate()
    let decay = T(weightDecay)
    let factor = scalesDecayByRate ? rate : 1
    let alpha = rate * root(1 - step.power(of: T(adam.beta2))) / (1 - step.power(of: T(adam.beta1)))
    let rest1 = 1 - T(adam.beta1)
    let rest2 = 1 - T(adam.beta2)
    let epsilon = T(adam.epsilon)
    if adam.amsgrad {
      blocks(run, &variable, &slots, .m, .v, .vhat, gradient) { w, m, v, vhat, g in
        each(&w, &m, &v, &vhat, g) { w, m, v, vhat, g in
          w -= w * decay * factor
          m += (g - m) * rest1
          v += (g * g - v) * rest2
          vhat = vhat > v ? vhat : v
          w -= (m * alpha) / (root(vhat) + epsilon)
        }
      }
    } else {
      blocks(run, &variable, &slots, .m, .v, gradient) { w, m, v, g in
        each(&w, &m, &v, g) { w, m, v, g in
          w -= w * decay * factor
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
    let factor: T = scalesDecayByRate ? step.effectiveLearningRate() : 1
    adam.updateRows(run, &variable, &slots, gradient, step, decay: T(weightDecay), factor: factor)
  }
}
