import ArgumentParser

/// What the layers and `config` need to know of an option beside its name: the shape of its value and its text.
protocol Setting {
  var shape: SettingShape { get }
  /// The value as `config` prints it; only after parsing.
  var text: String { get }
}

/// How many words an option takes.
enum SettingShape {
  /// None: `--name` or `--no-name`.
  case truth
  /// One.
  case value
  /// One each time that it is given.
  case list
}

extension Option: Setting {
  var shape: SettingShape { Value.self is [String].Type ? .list : .value }

  var text: String {
    if let list = wrappedValue as? [String], list.isEmpty { return "none" }
    if let list = wrappedValue as? [String] { return list.joined(separator: ", ") }
    let mirror = Mirror(reflecting: wrappedValue)
    guard mirror.displayStyle == .optional else { return "\(wrappedValue)" }
    return mirror.children.first.map { "\($0.value)" } ?? "none"
  }

  /// An option whose help ends with the default.
  init(wrappedValue: Value, _ help: String, _ reader: ValueReader<Value>) {
    self.init(
      wrappedValue: wrappedValue,
      help: ArgumentHelp("\(help) (default: \(wrappedValue))", valueName: reader.placeholder),
      transform: reader.read)
  }

  /// An option that may be left out.
  init<T>(_ help: String, _ reader: ValueReader<T>) where Value == T? {
    self.init(help: ArgumentHelp("\(help)", valueName: reader.placeholder), transform: reader.read)
  }

  /// An option that may be given several times.
  init<T>(wrappedValue: Value, _ help: String, _ reader: ValueReader<T>) where Value == [T] {
    self.init(
      wrappedValue: wrappedValue, help: ArgumentHelp("\(help)", valueName: reader.placeholder), transform: reader.read)
  }
}

extension Flag: Setting where Value == Bool {
  var shape: SettingShape { .truth }
  var text: String { String(wrappedValue) }
}
