public import Tensors

/// An exponential moving average of the variables, taken at every step.
///
///     average -= (average - w) (1 - decay)      average = w before the first step
///
/// The decay is 0 before `start_step`; from there it is `average_decay`, or with dynamic decay no more than
/// (1 + k) / (10 + k), k steps after the start. Source: TensorFlow Addons 0.23 `tfa.optimizers.MovingAverage`. Memory
/// traffic a parameter of each step: 12 bytes.
public struct MovingAverage: AveragingOptimizer {
  public static let className = "MovingAverage"

  public var name = "MovingAverage"
  public var inner: any Rule
  public var clipping = Clipping()
  /// The part of the average that stays at each step.
  public var averageDecay = 0.99
  /// A number of updates that bounds the decay; nil for none.
  public var updateCount: Int?
  /// Iterations before which the average follows the variables.
  public var startStep = 0
  /// Whether the decay grows to `averageDecay` from 0.1 on.
  public var dynamicDecay = false

  /// A moving average around SGD, with the defaults.
  public init() {
    inner = SGD()
  }

  public var startsAtVariables: Bool { true }

  public mutating func fields(_ fields: inout Fields) {
    fields.text("name", &name)
    fields.rule("optimizer", &inner)
    fields.wrapperClipping(&clipping, around: inner)
    fields.number("average_decay", &averageDecay, in: .unitInterval)
    fields.optionalInteger("num_updates", &updateCount, from: 0)
    fields.integer("start_step", &startStep, from: 0)
    fields.flag("dynamic_decay", &dynamicDecay)
    fields.innerAliases(&inner)
  }

  public func takesSnapshot(at iteration: Int) -> Bool { true }

  public func nextSnapshot(from iteration: Int) -> Int { iteration }

  public func snapshots(before iterations: Int) -> (count: Int, last: Int) { (iterations, iterations) }

  public func average(
    _ extent: RunExtent, _ average: inout Region, of variable: Region, count: Int, at iteration: Int
  ) {
    if extent.storageType == .f64 {
      self.average(Run<Double>(extent), &average, of: variable, at: iteration)
    } else {
      self.average(Run<Float>(extent), &average, of: variable, at: iteration)
    }
  }

  private func average<T: Trainable>(
    _ run: Run<T>, _ average: inout Region, of variable: Region, at iteration: Int
  ) {
    let rest = 1 - T(decay(at: iteration))
    blocks(averaging: run, &average, of: variable) { a, w in
      each(&a, w) { a, w in a -= (a - w) * rest }
    }
  }

  /// The decay at an iteration, in float32 as TensorFlow Addons has it.
  func decay(at iteration: Int) -> Float {
    guard iteration >= startStep else { return 0 }
    var decay = Float(averageDecay)
    if let updateCount { decay = min(decay, Self.bound(after: updateCount)) }
    return dynamicDecay ? min(decay, Self.bound(after: iteration - startStep)) : decay
  }

  private static func bound(after steps: Int) -> Float {
    (1 + Float(steps)) / (10 + Float(steps))
  }
}
