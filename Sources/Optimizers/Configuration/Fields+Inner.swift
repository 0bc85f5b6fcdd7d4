/// The fields of a wrapper that concern its inner optimizer.
extension Fields {
  /// The inner optimizer: required, as an object or a name.
  mutating func rule(_ name: String, _ rule: inout any Rule) {
    if isReading, !has(name) {
      fail(name, allowed: "an inner optimizer", came: "nothing")
    }
    let registry = self.registry
    let path = pathTo(name)
    var read = rule
    var nested: Result<[String], ConfigurationError> = .success([])
    field(name, print: registry.print(rule)) { (came: ConfigValue) throws(Mismatch) in
      do throws(ConfigurationError) {
        let (inner, warnings) = try registry.rule(from: came, at: path)
        read = inner
        nested = .success(warnings)
      } catch {
        nested = .failure(error)
      }
    }
    rule = read
    switch nested {
    case .success(let warnings): warn(warnings)
    case .failure(let error): fail(error)
    }
  }

  /// `lr`, `learning_rate` and `decay` given to the wrapper set the inner optimizer's.
  mutating func innerAliases(_ rule: inout any Rule) {
    guard isReading else { return }
    if has("lr"), has("learning_rate") {
      fail("lr", allowed: "either lr or learning_rate", came: "both")
    }
    let form = rule.settings.rateForm
    if form != .none {
      rule.settings.rate("learning_rate", &self)
      rule.settings.rate("lr", &self)
    }
    if form == .scheduled || form == .positive {
      number("decay", &rule.settings.decay, in: .nonNegative)
    } else if has("decay") {
      fail("decay", allowed: "no decay around \(type(of: rule).className)", came: "one")
    }
  }

  /// Clipping of the wrapper, which a rule without gradients can't have.
  mutating func wrapperClipping(_ clipping: inout Clipping, around rule: any Rule) {
    clipping.fields(&self)
    guard isReading, rule.settings.rateForm == .none, !clipping.isNone else { return }
    for name in Clipping.fieldNames where has(name) {
      fail(name, allowed: "null around \(type(of: rule).className), whose bodies are values", came: "clipping")
    }
  }
}
