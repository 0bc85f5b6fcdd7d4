import ArgumentParser
import ModelStore

/// The options as a list, found by reflection, which is how the option parser finds them as well.
extension ServeOptions {
  /// Every option, in the order of declaration; only after parsing.
  var settings: [(name: SettingName, setting: any Setting)] { Self.settings(of: self) }

  /// What holds in place of options that were left out, where it follows from others, in words.
  var defaultTexts: [SettingName: String] {
    var texts = ["durability": durability.mode.rawValue]
    if durability.mode == .journal { texts["journalMaxBytes"] = "1 GiB, or 4 checkpoints if they are more" }
    if aggregation.aggregation == .sync { texts["reduction"] = "sum, or mean with the rule Assign" }
    return Dictionary(uniqueKeysWithValues: texts.map { (SettingName(ofProperty: $0.key), $0.value) })
  }

  private static func settings(of group: any ParsableArguments) -> [(name: SettingName, setting: any Setting)] {
    Mirror(reflecting: group).children.flatMap { child in
      if let group = child.value as? any SettingGroup { return settings(of: group.options) }
      guard let setting = child.value as? any Setting, let label = child.label else { return [] }
      return [(SettingName(ofProperty: label.drop { $0 == "_" }), setting)]
    }
  }
}

/// Options that are declared in a type of their own.
protocol SettingGroup {
  /// They themselves; only after parsing.
  var options: any ParsableArguments { get }
}

extension OptionGroup: SettingGroup {
  var options: any ParsableArguments { wrappedValue }
}
