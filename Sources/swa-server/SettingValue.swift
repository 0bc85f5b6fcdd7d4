/// An option's value in the environment or in the configuration file, before the option parser reads it.
enum SettingValue: Equatable {
  case truth(Bool)
  case word(String)
  case list([SettingValue])
  /// null or an object, which no option takes.
  case other

  /// Takes an environment variable apart: lists are separated by commas, flags are true or false.
  init(environment text: String, shape: SettingShape) {
    switch shape {
    case .value:
      self = .word(text)
    case .truth:
      self =
        switch text {
        case "true", "1": .truth(true)
        case "false", "0": .truth(false)
        default: .word(text)
        }
    case .list:
      self = .list(text.split(separator: ",").map { .word(String($0)) })
    }
  }

  /// The same in the words of the command line. With `=`, so that a value may begin with a dash.
  func arguments(for name: SettingName, shape: SettingShape) throws(InvalidValue) -> [String] {
    switch (shape, self) {
    case (.truth, .truth(let isOn)):
      return [isOn ? "--\(name)" : "--no-\(name)"]
    case (.truth, _):
      throw InvalidValue("must be true or false")
    case (.value, .word(let word)):
      return ["--\(name)=\(word)"]
    case (.value, _):
      throw InvalidValue("must be a string or a number")
    case (.list, .list(let items)):
      var arguments: [String] = []
      for case let item in items {
        guard case .word(let word) = item else { throw InvalidValue("must be a list of strings") }
        arguments.append("--\(name)=\(word)")
      }
      return arguments
    case (.list, _):
      throw InvalidValue("must be a list of strings")
    }
  }
}

extension SettingValue: Decodable {
  init(from decoder: any Decoder) throws {
    if var list = try? decoder.unkeyedContainer() {
      var items: [SettingValue] = []
      while !list.isAtEnd { items.append(try list.decode(SettingValue.self)) }
      self = .list(items)
      return
    }
    guard let value = try? decoder.singleValueContainer() else {
      self = .other
      return
    }
    if let isOn = try? value.decode(Bool.self) {
      self = .truth(isOn)
    } else if let word = try? value.decode(String.self) {
      self = .word(word)
    } else if let number = try? value.decode(Int.self) {
      self = .word(String(number))
    } else if let number = try? value.decode(Double.self) {
      self = .word(String(number))
    } else {
      self = .other
    }
  }
}
