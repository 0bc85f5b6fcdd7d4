/// The classes that a configuration may name.
public struct Registry: Sendable {
  private var rules: [String: any Rule.Type] = [:]
  private var schedules: [String: any Schedule.Type] = [:]
  private var wrappers: [String: any AveragingOptimizer.Type] = [:]

  /// What the server knows by itself.
  public static let standard: Registry = {
    var registry = Registry()
    let rules: [any Rule.Type] = [
      SGD.self, Adam.self, Adamax.self, Nadam.self, RMSprop.self, Adagrad.self, Adadelta.self, Ftrl.self, AdamW.self,
      Assign.self,
    ]
    let schedules: [any Schedule.Type] = [
      ExponentialDecay.self, PiecewiseConstantDecay.self, PolynomialDecay.self, InverseTimeDecay.self, CosineDecay.self,
      CosineDecayRestarts.self, TriangularCyclicalLearningRate.self, Triangular2CyclicalLearningRate.self,
      ExponentialCyclicalLearningRate.self, SWACyclical.self,
    ]
    for rule in rules { registry.register(rule) }
    for schedule in schedules { registry.register(schedule) }
    for wrapper in [SWA.self, MovingAverage.self] as [any AveragingOptimizer.Type] { registry.register(wrapper) }
    return registry
  }()

  /// Adds a rule, or replaces the one of the same class name.
  public mutating func register<R: Rule>(_ rule: R.Type) {
    rules[R.className] = rule
  }

  /// Adds a schedule, or replaces the one of the same class name.
  public mutating func register<S: Schedule>(_ schedule: S.Type) {
    schedules[S.className] = schedule
  }

  mutating func register<W: AveragingOptimizer>(_ wrapper: W.Type) {
    wrappers[W.className] = wrapper
  }

  /// An optimizer from what Keras's `serialize` gives, with warnings where a field means something else than its writer
  /// may expect. A bare inner optimizer or its name is wrapped in SWA with the defaults.
  public func optimizer(
    from value: ConfigValue
  ) throws(ConfigurationError) -> (optimizer: any AveragingOptimizer, warnings: [String]) {
    let (className, members, module) = try Self.object(value, at: "", kind: "an optimizer")
    if let type = wrapper(named: className) {
      var optimizer: any AveragingOptimizer = type.init()
      let warnings = try read(members, at: "config", into: &optimizer)
      return (optimizer, warnings)
    }
    guard rule(named: className) != nil else {
      throw unknownClass(className, at: "", allowed: Array(wrappers.keys) + Array(rules.keys))
    }
    let (rule, warnings) = try self.rule(className, members, module: module, at: "config")
    return (SWA(rule), warnings)
  }

  /// What GET gives for an optimizer: Keras's legacy form.
  public func print(_ optimizer: any AveragingOptimizer) -> ConfigValue {
    .object([
      .init("class_name", .string("Addons>" + type(of: optimizer).className)),
      .init("config", printConfig(optimizer)),
    ])
  }

  /// The running optimizer changed by a JSON merge patch of its `config`.
  ///
  /// `learning_rate` and `lr` at the top are the inner optimizer's; a learning rate is replaced whole; null restores a
  /// default. The class, and what decides which slots a rule has beyond momentum, can't be changed.
  public func patch(
    _ optimizer: any AveragingOptimizer, with patch: ConfigValue
  ) throws(ConfigurationError) -> (optimizer: any AveragingOptimizer, warnings: [String]) {
    guard case .object(var changes) = patch else {
      throw ConfigurationError(field: "config", allowed: "a JSON object of fields to change", came: patch.description)
    }
    try hoistLearningRate(&changes)
    hoistNullDecay(&changes)
    var patch = ConfigValue.object(changes)
    patch.renameInnerAlias()
    let old = printConfig(optimizer)
    try refuseUnpatchable(patch, of: old, at: "config")
    try refuseNullOfUnknownFields(patch, of: optimizer)
    var merged = old.merging(patch)
    merged.replaceLearningRate(by: patch["optimizer"]?["config"])
    var patched: any AveragingOptimizer = type(of: optimizer).init()
    let warnings = try read(merged.members, at: "config", into: &patched)
    return (patched, warnings)
  }

  func printConfig(_ optimizer: any AveragingOptimizer) -> ConfigValue {
    var copy = optimizer
    var fields = Fields(printingWith: self)
    copy.fields(&fields)
    return .object(fields.members)
  }

  /// What a configuration says of a learning rate: a number, or a schedule in Keras's form.
  public func print(_ rate: LearningRate) -> ConfigValue {
    switch rate {
    case .constant(let rate): return .number(Fields.shortest(rate))
    case .schedule(var schedule):
      var fields = Fields(printingWith: self)
      schedule.fields(&fields)
      return Self.serialized(
        type(of: schedule).className, fields.members, module: schedule.module, registeredName: schedule.registeredName)
    }
  }

  func print(_ rule: any Rule) -> ConfigValue {
    var rule = rule
    var fields = Fields(printingWith: self)
    Self.allFields(of: &rule, &fields)
    return Self.serialized(
      type(of: rule).className, fields.members, module: rule.module, registeredName: rule.registeredName)
  }

  private static func serialized(
    _ className: String, _ config: [ConfigValue.Member], module: String?, registeredName: String?
  ) -> ConfigValue {
    .object([
      .init("module", module.map { .string($0) } ?? .null),
      .init("class_name", .string(className)),
      .init("config", .object(config)),
      .init("registered_name", registeredName.map { .string($0) } ?? .null),
    ])
  }

  func rule(
    from value: ConfigValue, at path: String
  ) throws(ConfigurationError) -> (rule: any Rule, warnings: [String]) {
    let (className, members, module) = try Self.object(value, at: path, kind: "an inner optimizer")
    let inner = path.isEmpty ? "config" : path + ".config"
    guard rule(named: className) != nil else {
      throw unknownClass(className, at: path, allowed: Array(rules.keys))
    }
    return try rule(className, members, module: module, at: inner)
  }

  func schedule(
    from value: ConfigValue, at path: String
  ) throws(ConfigurationError) -> (schedule: any Schedule, warnings: [String]) {
    let (className, members, _) = try Self.object(value, at: path, kind: "a schedule")
    let name = Self.shortName(className)
    if name == "CyclicalLearningRate" {
      throw ConfigurationError(
        field: path + ".class_name",
        allowed: "TriangularCyclicalLearningRate, Triangular2CyclicalLearningRate or ExponentialCyclicalLearningRate",
        came: "CyclicalLearningRate, whose scale_fn is a Python function")
    }
    guard let type = schedules[name] else {
      throw unknownClass(className, at: path, allowed: Array(schedules.keys))
    }
    var schedule = type.init()
    var fields = Fields(reading: members, at: path + ".config", registry: self)
    schedule.fields(&fields)
    try fields.finish()
    return (schedule, fields.warnings)
  }

  private func rule(
    _ className: String, _ members: [ConfigValue.Member], module: String?, at path: String
  ) throws(ConfigurationError) -> (rule: any Rule, warnings: [String]) {
    guard let type = rule(named: className) else {
      throw unknownClass(className, at: path, allowed: Array(rules.keys))
    }
    var rule = type.init()
    var fields = Fields(reading: members, at: path, registry: self, module: module)
    Self.allFields(of: &rule, &fields)
    try fields.finish()
    return (rule, fields.warnings)
  }

  /// Reads fields into a wrapper that has its defaults, and answers warnings.
  func read(
    _ members: [ConfigValue.Member], at path: String, into optimizer: inout some AveragingOptimizer
  ) throws(ConfigurationError) -> [String] {
    var fields = Fields(reading: members, at: path, registry: self)
    optimizer.fields(&fields)
    try fields.finish()
    return fields.warnings
  }

  static func allFields(of rule: inout any Rule, _ fields: inout Fields) {
    rule.settings.leadingFields(&fields)
    rule.fields(&fields)
    rule.settings.trailingFields(&fields)
  }

  /// Keras's `get` takes names in any case.
  private func rule(named name: String) -> (any Rule.Type)? {
    let short = Self.shortName(name)
    return rules[short] ?? rules.first { $0.key.lowercased() == short.lowercased() }?.value
  }

  /// Whether two names are of one rule.
  func isSameClass(_ name: String, _ other: String) -> Bool {
    guard let rule = rule(named: name), let other = self.rule(named: other) else { return false }
    return rule == other
  }

  private func wrapper(named name: String) -> (any AveragingOptimizer.Type)? {
    wrappers[Self.shortName(name)]
  }

  /// The class without the package that Keras registers it under: TensorFlow Addons' or that of the program, which is
  /// also where Keras's `serialize` puts its own newer classes in the legacy format.
  private static func shortName(_ className: String) -> String {
    for package in ["Addons>", "Custom>"] where className.hasPrefix(package) {
      return String(className.dropFirst(package.count))
    }
    return className
  }

  private func unknownClass(_ name: String, at path: String, allowed: [String]) -> ConfigurationError {
    ConfigurationError(
      field: path.isEmpty ? "class_name" : path + ".class_name",
      allowed: "one of " + allowed.sorted().joined(separator: ", "), came: "\"\(name)\"")
  }

  /// What Keras writes of a class beside its configuration.
  static let serializedNames = ["class_name", "config", "module", "registered_name", "build_config"]

  /// Takes `{"class_name": …, "config": {…}}` apart; a bare string is a class with its defaults.
  private static func object(
    _ value: ConfigValue, at path: String, kind: String
  ) throws(ConfigurationError) -> (className: String, members: [ConfigValue.Member], module: String?) {
    let prefix = path.isEmpty ? "" : path + "."
    switch value {
    case .string(let name): return (name, [], nil)
    case .object(let members):
      for member in members
      where !serializedNames.contains(member.name) {
        throw ConfigurationError(
          field: prefix + member.name, allowed: "one of class_name, config, module, registered_name",
          came: "this unknown field")
      }
      guard case .string(let name)? = value["class_name"] else {
        throw ConfigurationError(
          field: prefix + "class_name", allowed: "the name of \(kind)",
          came: value["class_name"]?.description ?? "nothing")
      }
      var module: String?
      if case .string(let text)? = value["module"] { module = text }
      switch value["config"] {
      case .object(let members)?: return (name, members, module)
      case nil, .null?: return (name, [], module)
      case let other?:
        throw ConfigurationError(field: prefix + "config", allowed: "an object", came: other.description)
      }
    default:
      throw ConfigurationError(
        field: path.isEmpty ? "class_name" : path, allowed: "\(kind) as an object with class_name and config",
        came: value.description)
    }
  }
}
