/// The layer that an option's value came from.
enum Source: Equatable, CustomStringConvertible {
  case `default`
  case file(String)
  case environment
  case flag

  var description: String {
    switch self {
    case .default: "default"
    case .file(let path): "file \(path)"
    case .environment: "environment"
    case .flag: "flag"
    }
  }

  /// Where an option stands, for people who have to change it.
  func place(of name: SettingName) -> String {
    switch self {
    case .default: "default of \(name)"
    case .file(let path): "in \(path): key \"\(name)\""
    case .environment: "environment \(name.environmentVariable)"
    case .flag: "flag --\(name)"
    }
  }
}
