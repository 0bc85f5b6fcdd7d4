import ArgumentParser
import Optimizers
import ParameterServer

/// The options that hold once flags, environment and configuration file are laid over the defaults.
struct EffectiveOptions {
  /// The values, each valid by itself.
  let options: ServeOptions
  private let flags: [String]
  /// The options that a layer below the flags sets.
  private let lowerSources: [SettingName: Source]

  /// The variables beginning with `SWA_` that other commands read.
  private static let foreignVariables: Set = ["SWA_URL", "SWA_TOKEN"]
  private static let configName = SettingName(ofProperty: "config")

  /// Lays the flags, which were parsed already, over the environment over the file that `--config` or `SWA_CONFIG`
  /// names.
  ///
  /// The lower layers become arguments in front of the user's, without what a higher layer sets as well; so the option
  /// parser alone knows the options, and a list replaces the list below it.
  init(
    _ flagged: ServeOptions, flags: [String], environment: [String: String],
    readFile: (String) throws(Failure) -> [UInt8]
  ) throws {
    self.flags = flags
    let environment = environment.filter { $0.key.hasPrefix("SWA_") && !Self.foreignVariables.contains($0.key) }
    let path = flagged.config ?? environment[Self.configName.environmentVariable]
    // Looking at all options takes milliseconds of a start.
    guard !environment.isEmpty || path != nil else {
      options = flagged
      lowerSources = [:]
      return
    }
    let shapes = flagged.settings.map { (name: $0.name, shape: $0.setting.shape) }
    var lower = try Self.environmentLayer(environment, shapes: shapes)
    if let path { lower += try Self.fileLayer(try readFile(path), path: path, shapes: shapes) }
    let given = Self.names(in: flags, among: shapes.map(\.name))
    var sources: [SettingName: Source] = [:]
    var arguments: [String] = []
    for setting in lower where sources[setting.name] == nil && !given.contains(setting.name) {
      sources[setting.name] = setting.source
      arguments += setting.arguments
    }
    options = try ServeOptions.parse(arguments + flags)
    lowerSources = sources
  }

  /// Each option in the order of declaration, with its value in words and the layer that it came from.
  var settings: [(name: SettingName, text: String, source: Source)] {
    let settings = options.settings
    let given = Self.names(in: flags, among: settings.map(\.name))
    return settings.map { name, setting in
      guard let source = given.contains(name) ? .flag : lowerSources[name] else {
        return (name, options.defaultTexts[name] ?? setting.text, .default)
      }
      return (name, setting.text, source)
    }
  }

  /// The options that flags set.
  private static func names(in flags: [String], among names: [SettingName]) -> Set<SettingName> {
    Set(flags.compactMap { SettingName(ofFlag: $0, among: names) })
  }

  private static func environmentLayer(
    _ environment: [String: String], shapes: [(name: SettingName, shape: SettingShape)]
  ) throws(Failure) -> [LayeredSetting] {
    var layer: [LayeredSetting] = []
    for (variable, text) in environment.sorted(by: { $0.key < $1.key }) {
      guard let (name, shape) = shapes.first(where: { $0.name.environmentVariable == variable }) else {
        throw Failure(.usage, "environment \(variable): no such option; see swa-server serve --help")
      }
      let value = ConfigValue(environment: text, shape: shape)
      layer.append(try LayeredSetting(name, shape: shape, value: value, source: .environment))
    }
    return layer
  }

  private static func fileLayer(
    _ content: [UInt8], path: String, shapes: [(name: SettingName, shape: SettingShape)]
  ) throws(Failure) -> [LayeredSetting] {
    let value: ConfigValue
    do throws(JSONConfigurationError) {
      value = try JSONConfiguration.value(of: content.span)
    } catch {
      throw Failure(.usage, "in \(path): \(error)")
    }
    guard case .object(let members) = value else { throw Failure(.usage, "in \(path): must be a JSON object") }
    var layer: [LayeredSetting] = []
    for member in members {
      let key = member.name
      guard let (name, shape) = shapes.first(where: { $0.name.description == key }) else {
        throw Failure(.usage, "in \(path): key \"\(key)\": no such option; see swa-server serve --help")
      }
      guard name != configName else {
        throw Failure(.usage, "in \(path): key \"\(key)\": a configuration file cannot name another")
      }
      layer.append(try LayeredSetting(name, shape: shape, value: member.value, source: .file(path)))
    }
    return layer
  }
}
