import Optimizers

/// Configurations in the form of Keras's `serialize`.
extension ConfigValue {
  /// An inner optimizer, or another class, with these fields.
  static func make(_ className: String, _ config: ConfigValue, module: String? = nil) -> ConfigValue {
    .object(
      [Member("class_name", .string(className)), Member("config", config)]
        + (module.map { [Member("module", .string($0))] } ?? []))
  }

  /// This object with a field more.
  func with(_ name: String, _ value: ConfigValue) -> ConfigValue {
    guard case .object(let members) = self else { return self }
    return .object(members.filter { $0.name != name } + [Member(name, value)])
  }
}
