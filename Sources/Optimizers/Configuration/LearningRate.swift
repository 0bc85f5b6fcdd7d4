/// A learning rate: a constant, or a function of the iteration.
public enum LearningRate: Sendable {
  /// The same at every iteration.
  case constant(Float)
  /// A schedule of Keras or TensorFlow Addons.
  case schedule(any Schedule)

  /// The rate at an iteration, before decay.
  public func value(at iteration: Int) -> Float {
    switch self {
    case .constant(let rate): rate
    case .schedule(let schedule): schedule.value(at: iteration)
    }
  }

  mutating func field(_ name: String, _ fields: inout Fields) {
    switch self {
    case .constant(var rate):
      guard fields.isReading else { return fields.number(name, &rate, in: .nonNegative) }
    case .schedule:
      break
    }
    let registry = fields.registry
    let path = fields.pathTo(name)
    var result = self
    var nested: Result<[String], ConfigurationError> = .success([])
    fields.field(name, print: registry.print(self)) { (came: ConfigValue) throws(Fields.Mismatch) in
      switch came {
      case .integer(let integer) where integer >= 0 && Float(integer).isFinite: result = .constant(Float(integer))
      case .number(let number) where number >= 0 && Float(number).isFinite: result = .constant(Float(number))
      case .object:
        do throws(ConfigurationError) {
          let (schedule, warnings) = try registry.schedule(from: came, at: path)
          result = .schedule(schedule)
          nested = .success(warnings)
        } catch {
          nested = .failure(error)
        }
      default: throw Fields.Mismatch(allowed: "a number ≥ 0 or a schedule")
      }
    }
    self = result
    switch nested {
    case .success(let warnings): fields.warn(warnings)
    case .failure(let error): fields.fail(error)
    }
  }
}

/// A learning rate as a plain function of the iteration, with hyperparameters.
public protocol Schedule: Sendable {
  /// Keras's class name.
  static var className: String { get }
  /// A schedule with the constructor's defaults; what has none starts at a value that `fields` refuses.
  init()
  /// Names each hyperparameter once, with its property and range.
  mutating func fields(_ fields: inout Fields)
  /// The rate at an iteration, computed in float32 as TensorFlow does.
  func value(at iteration: Int) -> Float
}
