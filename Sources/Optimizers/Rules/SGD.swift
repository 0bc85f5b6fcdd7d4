public import Tensors

/// Stochastic gradient descent, with momentum (Polyak 1964) and Nesterov's form of it (Sutskever et al. 2013).
///
///     w -= α g                                  without momentum
///     m = μ m - α g;  w += m                    with momentum μ
///     m = μ m - α g;  w += μ m - α g            nesterov
///
/// Source: Keras 2.15 `keras.optimizers.legacy.SGD`, TensorFlow's `ApplyGradientDescent` and `ApplyKerasMomentum`.
/// Memory traffic a parameter: 12 bytes, with momentum 20.
public struct SGD: Rule {
  /// Velocity, when momentum is not 0.
  public enum Slot: String, SlotName {
    case momentum
  }

  public static let className = "SGD"

  public var settings: RuleSettings
  /// μ, from 0 to 1.
  public var momentum: Float = 0
  /// Whether the gradient step looks ahead.
  public var nesterov = false

  /// Plain descent with learning rate 0.01.
  public init() {
    settings = RuleSettings(name: Self.className, learningRate: 0.01)
  }

  public var slots: [Slot] { momentum == 0 ? [] : [.momentum] }

  /// Plain descent scatters them as they came.
  public var sumsDuplicateRows: Bool { momentum != 0 }

  public mutating func fields(_ fields: inout Fields) {
    fields.number("momentum", &momentum, in: .unitInterval)
    fields.flag("nesterov", &nesterov)
  }

  @inlinable
  public func update<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    let alpha: T = step.effectiveLearningRate()
    let mu = T(momentum)
    if momentum == 0 {
      blocks(run, &variable, gradient) { w, g in
        each(&w, g) { w, g in w -= alpha * g }
      }
    } else if nesterov {
      blocks(run, &variable, &slots, .momentum, gradient) { w, m, g in
        each(&w, &m, g) { w, m, g in
          m = mu * m - alpha * g
          w += mu * m - alpha * g
        }
      }
    } else {
      blocks(run, &variable, &slots, .momentum, gradient) { w, m, g in
        each(&w, &m, g) { w, m, g in
          m = mu * m - alpha * g
          w += m
        }
      }
    }
  }
}
