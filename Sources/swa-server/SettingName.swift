/// An option's name in its three spellings: of the flag and the file's key, and of the environment variable.
struct SettingName: Hashable, Sendable, CustomStringConvertible {
  /// As in `--max-workers` and the key `max-workers`, without the dashes in front.
  let description: String

  /// The name that the option parser gives to a property.
  init(ofProperty property: some StringProtocol) {
    var isInAcronym = false
    description = property.reduce(into: "") { name, character in
      if character.isUppercase, !isInAcronym { name.append("-") }
      isInAcronym = character.isUppercase
      name += character.lowercased()
    }
  }

  /// The name of a flag as given, `--max-workers`, `--max-workers=8` or `--no-insecure`; nil for another argument.
  init?(ofFlag argument: String, among names: some Collection<SettingName>) {
    guard argument.hasPrefix("--") else { return nil }
    let name = argument.dropFirst(2).prefix { $0 != "=" }
    guard let known = names.first(where: { $0.description == name || "no-\($0.description)" == name }) else {
      return nil
    }
    self = known
  }

  /// As in `SWA_MAX_WORKERS`.
  var environmentVariable: String {
    "SWA_" + String(description.map { $0 == "-" ? "_" : $0 }).uppercased()
  }
}
