import Optimizers

/// A value of the configuration file or the environment, in the words of the command line.
extension ConfigValue {
  /// Takes an environment variable apart: lists are separated by commas, flags are true or false.
  init(environment text: String, shape: SettingShape) {
    switch (shape, text) {
    case (.truth, "true"), (.truth, "1"): self = .flag(true)
    case (.truth, "false"), (.truth, "0"): self = .flag(false)
    case (.list, _): self = .list(text.split(separator: ",").map { .string(String($0)) })
    case (.truth, _), (.value, _): self = .string(text)
    }
  }

  /// The arguments that set an option to this value. With `=`, so that a value may begin with a dash.
  func arguments(for name: SettingName, shape: SettingShape) throws(InvalidValue) -> [String] {
    switch (shape, self) {
    case (.truth, .flag(let isOn)): return [isOn ? "--\(name)" : "--no-\(name)"]
    case (.truth, _): throw InvalidValue("must be true or false")
    case (.value, .string(let text)): return ["--\(name)=\(text)"]
    case (.value, .integer(let number)): return ["--\(name)=\(number)"]
    case (.value, .number(let number)): return ["--\(name)=\(number)"]
    case (.value, _): throw InvalidValue("must be a string or a number")
    case (.list, .list(let items)):
      var arguments: [String] = []
      for item in items {
        guard case .string(let text) = item else { throw InvalidValue("must be a list of strings") }
        arguments.append("--\(name)=\(text)")
      }
      return arguments
    case (.list, _): throw InvalidValue("must be a list of strings")
    }
  }
}
