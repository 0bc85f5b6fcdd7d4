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

  mutating func field(_ name: String, _ fields: inout Fields, in range: NumberRange) {
    switch self {
    case .constant(var rate):
      guard fields.isReading else { return fields.number(name, &rate, in: range) }
    case .schedule:
      break
    }
    let registry = fields.registry
    let path = fields.pathTo(name)
    var result = self
    var nested: Result<[String], ConfigurationError> = .success([])
    fields.field(name, print: registry.print(self)) { (came: ConfigValue) throws(Fields.Mismatch) in
      switch came {
      case .integer(let integer) where range.contains(Double(Float(integer))): result = .constant(Float(integer))
      case .number(let number) where range.contains(Double(Float(number))) && range.contains(number):
        result = .constant(Float(number))
      case .object:
        do throws(ConfigurationError) {
          let (schedule, warnings) = try registry.schedule(from: came, at: path)
          result = .schedule(schedule)
          nested = .success(warnings)
        } catch {
          nested = .failure(error)
        }
      default: throw Fields.Mismatch(allowed: "\(range) or a schedule")
      }
    }
    self = result
    switch nested {
    case .success(let warnings): fields.warn(warnings)
    case .failure(let error): fields.fail(error)
    }
  }
}
