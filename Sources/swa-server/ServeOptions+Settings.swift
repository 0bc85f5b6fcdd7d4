/// The options as a list, found by reflection, which is how the option parser finds them as well.
extension ServeOptions {
  /// Name and shape of every option, in the order of declaration.
  static var shapes: [(name: SettingName, shape: SettingShape)] {
    ServeOptions().settings.map { ($0.name, $0.setting.shape) }
  }

  /// Every option, in the order of declaration.
  var settings: [(name: SettingName, setting: any Setting)] {
    Mirror(reflecting: self).children.compactMap { child in
      guard let setting = child.value as? any Setting, let label = child.label else { return nil }
      return (SettingName(ofProperty: label.drop { $0 == "_" }), setting)
    }
  }
}
