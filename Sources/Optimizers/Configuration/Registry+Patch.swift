/// The rules of changing a running optimizer's configuration.
extension Registry {
  /// Moves `learning_rate` or `lr` at the top to the inner optimizer, whose aliases they are.
  func hoistLearningRate(_ changes: inout [ConfigValue.Member]) throws(ConfigurationError) {
    let aliases = changes.filter { $0.name == "learning_rate" || $0.name == "lr" }
    guard let alias = aliases.first else { return }
    changes.removeAll { $0.name == "learning_rate" || $0.name == "lr" }
    let inner = ConfigValue.object(changes)["optimizer"]?["config"]
    if aliases.count > 1 || inner?["learning_rate"] != nil || inner?["lr"] != nil {
      throw ConfigurationError(
        field: "config.\(alias.name)", allowed: "one learning rate", came: "several")
    }
    let patch = ConfigValue.object([
      .init("optimizer", .object([.init("config", .object([.init("learning_rate", alias.value)]))]))
    ])
    changes = ConfigValue.object(changes).merging(keepingNull: patch).members
  }

  /// Moves a null `decay` at the top to the inner optimizer, whose alias it is: a merge would find nothing to remove.
  func hoistNullDecay(_ changes: inout [ConfigValue.Member]) {
    guard let index = changes.firstIndex(where: { $0.name == "decay" && $0.value == .null }) else { return }
    changes.remove(at: index)
    changes =
      ConfigValue.object(changes).merging(keepingNull: ["optimizer": ["config": ["decay": nil]]]).members
  }

  /// Refuses null for fields that there are not, which a merge would pass over.
  func refuseNullOfUnknownFields(
    _ changes: ConfigValue, of optimizer: any AveragingOptimizer
  ) throws(ConfigurationError) {
    var optimizer = optimizer
    var fields = Fields(reading: [], at: "config", registry: self)
    optimizer.fields(&fields)
    try fields.refuseNullOfUnknown(in: changes)
    guard let inner = changes["optimizer"] else { return }
    var outer = Fields(reading: [], at: fields.pathTo("optimizer"), registry: self)
    for name in Self.serializedNames { outer.ignored(name) }
    try outer.refuseNullOfUnknown(in: inner)
    guard let config = inner["config"] else { return }
    fields = Fields(reading: [], at: outer.pathTo("config"), registry: self)
    Self.allFields(of: &optimizer.inner, &fields)
    try fields.refuseNullOfUnknown(in: config)
  }

  func refuseUnpatchable(
    _ changes: ConfigValue, of old: ConfigValue, at path: String
  ) throws(ConfigurationError) {
    for change in changes.members {
      let field = "\(path).\(change.name)"
      if changesClassOrSlots(change, of: old) {
        throw ConfigurationError(
          field: field, allowed: "no change of a running optimizer (PUT a new one instead)",
          came: change.value.description, isNotPatchable: true)
      }
      if change.name == "optimizer" || change.name == "config" {
        guard case .object = change.value else {
          throw ConfigurationError(field: field, allowed: "an object", came: change.value.description)
        }
        try refuseUnpatchable(change.value, of: old[change.name] ?? .null, at: field)
      }
    }
  }
}

extension Registry {
  /// Whether a change is of what a running optimizer can't change, and not just another way to write what it is.
  private func changesClassOrSlots(_ change: ConfigValue.Member, of old: ConfigValue) -> Bool {
    switch (change.name, change.value, old[change.name]) {
    case ("class_name", .string(let name), .string(let present)?): !isSameClass(name, present)
    case ("amsgrad", .null, let present), ("centered", .null, let present): present == .flag(true)
    case ("class_name", let value, let present), ("module", let value, let present),
      ("registered_name", let value, let present), ("amsgrad", let value, let present),
      ("centered", let value, let present):
      value != present
    default: false
    }
  }
}

extension ConfigValue {
  /// The members of an object, none of anything else.
  var members: [Member] {
    if case .object(let members) = self { members } else { [] }
  }

  /// Lays another object over this one without removing anything: null stays null.
  func merging(keepingNull other: ConfigValue) -> ConfigValue {
    guard case .object(let changes) = other, case .object(var members) = self else { return other }
    for change in changes {
      if let index = members.firstIndex(where: { $0.name == change.name }) {
        members[index].value = members[index].value.merging(keepingNull: change.value)
      } else {
        members.append(change)
      }
    }
    return .object(members)
  }

  /// Calls the inner optimizer's `lr` by its other name, so that null restores its default too.
  mutating func renameInnerAlias() {
    guard var inner = self["optimizer"], var config = inner["config"], let rate = config["lr"],
      config["learning_rate"] == nil
    else { return }
    config.remove("lr")
    config.set("learning_rate", rate)
    inner.set("config", config)
    set("optimizer", inner)
  }

  /// Replaces the inner learning rate whole, where a merge would mix two schedules.
  mutating func replaceLearningRate(by changes: ConfigValue?) {
    guard let rate = changes?["learning_rate"], rate != .null, var inner = self["optimizer"],
      var config = inner["config"]
    else { return }
    config.set("learning_rate", rate)
    inner.set("config", config)
    set("optimizer", inner)
  }

  private mutating func set(_ name: String, _ value: ConfigValue) {
    var changed = members
    if let index = changed.firstIndex(where: { $0.name == name }) {
      changed[index].value = value
    } else {
      changed.append(Member(name, value))
    }
    self = .object(changed)
  }

  private mutating func remove(_ name: String) {
    self = .object(members.filter { $0.name != name })
  }
}
