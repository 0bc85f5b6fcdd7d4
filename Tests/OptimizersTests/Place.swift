import Optimizers
import Testing

/// Where a class stands in a whole configuration: a wrapper, an inner optimizer, or a schedule.
struct Place {
  static let all =
    ["SWA", "MovingAverage", "Assign"] + FieldTableTests.inner
    + FieldTableTests.required.keys.filter { $0 != "AdamW" }.sorted()

  let className: String

  init(_ className: String) {
    self.className = className
  }

  /// The fields that must be given.
  var config: ConfigValue {
    isWrapper ? ["optimizer": "SGD"] : FieldTableTests.required[className] ?? [:]
  }

  /// The way to the class's fields.
  var path: String {
    if isWrapper { return "config" }
    return isSchedule ? "config.optimizer.config.learning_rate.config" : "config.optimizer.config"
  }

  /// A whole configuration with these fields of the class.
  func tree(_ config: ConfigValue) -> ConfigValue {
    if isWrapper { return .make(className, config.merging(["optimizer": "SGD"])) }
    let inner = ConfigValue.make(className, config)
    let rule = isSchedule ? ConfigValue.make("SGD", ["learning_rate": inner]) : inner
    return .make("SWA", ["optimizer": rule])
  }

  /// The class's fields as GET shows them.
  func printed(_ config: ConfigValue) throws -> ConfigValue {
    let registry = Registry.standard
    var shown = try registry.print(registry.optimizer(from: tree(config)).optimizer)
    for name in path.split(separator: ".") { shown = try #require(shown[String(name)]) }
    return shown
  }

  private var isWrapper: Bool { className == "SWA" || className == "MovingAverage" }
  private var isSchedule: Bool { className != "AdamW" && FieldTableTests.required[className] != nil }
}
