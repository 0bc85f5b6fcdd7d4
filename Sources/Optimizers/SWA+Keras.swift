/// The constructor of `tfa.optimizers.SWA`.
extension SWA {
  /// SWA around a rule, with the arguments of TensorFlow Addons.
  ///
  /// - Parameters:
  ///   - inner: the rule that takes the steps.
  ///   - startAveraging: the first iteration that takes a snapshot, from 0 on.
  ///   - averagePeriod: iterations from one snapshot to the next, from 1 on.
  ///   - name: a name for people.
  ///   - sequentialUpdate: kept and reported; a snapshot always sees the updated variables.
  ///   - clipnorm: the most that each variable's gradient may have as 2-norm, above 0; not together with
  ///     `globalClipnorm`.
  ///   - clipvalue: the most that each element may have as absolute value, above 0.
  ///   - globalClipnorm: the most that all gradients together may have as 2-norm, above 0.
  ///   - lr: sets the inner optimizer's learning rate.
  ///   - decay: sets the inner optimizer's time-based decay, from 0 on.
  /// - Throws: the first argument out of range, under its name in Keras.
  public init(
    _ inner: any Rule, startAveraging: Int = 0, averagePeriod: Int = 10, name: String = "SWA",
    sequentialUpdate: Bool = true, clipnorm: Double? = nil, clipvalue: Double? = nil, globalClipnorm: Double? = nil,
    lr: LearningRate? = nil, decay: Double? = nil
  ) throws(ConfigurationError) {
    // A rule of another package is known here because it was given.
    var registry = Registry.standard
    let rule: any Rule.Type = type(of: inner)
    registry.register(rule)
    for case .schedule(let schedule) in [inner.settings.learningRate, lr] {
      let type: any Schedule.Type = type(of: schedule)
      registry.register(type)
    }
    var members: [ConfigValue.Member] = [
      .init("optimizer", registry.print(inner)), .init("start_averaging", .integer(startAveraging)),
      .init("average_period", .integer(averagePeriod)), .init("name", .string(name)),
      .init("sequential_update", .flag(sequentialUpdate)),
    ]
    for (field, value) in [
      ("clipnorm", clipnorm), ("clipvalue", clipvalue), ("global_clipnorm", globalClipnorm), ("decay", decay),
    ] {
      if let value { members.append(.init(field, .number(value))) }
    }
    if let lr { members.append(.init("lr", registry.print(lr))) }
    try self.init(config: .object(members), customObjects: registry)
  }
}
