import Optimizers
import Tensors

/// Steps by the sign of a momentum (Chen et al. 2023).
public struct Lion: Rule {
  public enum Slot: String, SlotName { case m }
  public static let className = "Lion"
  public var settings = RuleSettings(name: className, learningRate: 0.0001)
  public var beta1: Float = 0.9
  public var beta2: Float = 0.99
  public var slots: [Slot] { [.m] }

  public init() {}

  public mutating func fields(_ fields: inout Fields) {
    fields.number("beta_1", &beta1, in: .belowOne)
    fields.number("beta_2", &beta2, in: .belowOne)
  }

  public func update<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    let (rate, beta1, beta2) = (step.effectiveLearningRate(as: T.self), T(beta1), T(beta2))
    blocks(run, &variable, &slots, .m, gradient) { w, m, g in
      each(&w, &m, g) { w, m, g in
        let c = beta1 * m + (1 - beta1) * g
        w -= c > 0 ? rate : c < 0 ? -rate : 0
        m = beta2 * m + (1 - beta2) * g
      }
    }
  }
}
