/// The fields of one configuration, named once: the same calls read, check and print them.
///
/// Reading starts from a value with its defaults; a field that is not there leaves its property as it is. The first
/// error is kept and reported at the end, when unknown fields are found too.
public struct Fields: Sendable {
  /// What the calls do.
  enum Mode: Sendable {
    case read([ConfigValue.Member])
    case print
  }

  /// 2⁵³: up to here JSON's readers agree on integers, and sums of two stay far from overflow.
  static let largestInteger = 1 << 53

  let mode: Mode
  /// The way to the configuration, such as `config.optimizer.config`.
  let path: String
  /// The classes that nested configurations may name.
  let registry: Registry
  /// The Python module that a serialized class names; nil for none.
  public let module: String?
  private(set) var known: [String] = []
  private(set) var error: ConfigurationError?
  /// What was printed.
  private(set) var members: [ConfigValue.Member] = []
  /// Where the meaning of an accepted field differs from what its writer may expect.
  private(set) var warnings: [String] = []

  init(reading members: [ConfigValue.Member], at path: String, registry: Registry, module: String? = nil) {
    mode = .read(members)
    self.module = module
    self.path = path
    self.registry = registry
  }

  init(printingWith registry: Registry) {
    mode = .print
    path = ""
    module = nil
    self.registry = registry
  }

  /// Whether the configuration is of one of Keras's optimizers after the legacy ones.
  public var isNewerKeras: Bool {
    guard case .read(let members) = mode else { return false }
    let isMarked = members.contains { $0.name == "is_legacy_optimizer" && $0.value == .flag(false) }
    return isMarked || module.map { $0.hasPrefix("keras") && !$0.contains("legacy") } ?? false
  }

  /// Whether the calls read.
  public var isReading: Bool {
    if case .read = mode { true } else { false }
  }

  /// Whether the configuration that is read has a member of this name.
  public func has(_ name: String) -> Bool {
    guard case .read(let members) = mode else { return false }
    return members.contains { $0.name == name }
  }

  /// Whether a field of this name was named before.
  func knows(_ name: String) -> Bool { known.contains(name) }

  /// Refuses a configuration that is read and lacks a field.
  public mutating func require(_ name: String, allowed: String) {
    if isReading, !has(name) { fail(name, allowed: allowed, came: "nothing, and there is no default") }
  }

  /// A number that Keras keeps as float32.
  public mutating func number(_ name: String, _ value: inout Float, in range: NumberRange = .finite) {
    field(name, print: .number(Self.shortest(value))) { (came: ConfigValue) throws(Mismatch) in
      value = Float(try Self.number(came, in: range))
    }
  }

  /// A number that Keras keeps as float64.
  public mutating func number(_ name: String, _ value: inout Double, in range: NumberRange = .finite) {
    field(name, print: .number(value)) { (came: ConfigValue) throws(Mismatch) in
      value = try Self.number(came, in: range)
    }
  }

  /// A number that Keras keeps as float64 and has no default for.
  public mutating func requiredNumber(_ name: String, _ value: inout Double, in range: NumberRange) {
    require(name, allowed: "\(range)")
    number(name, &value, in: range)
  }

  /// A number or null; not printed when nil.
  public mutating func optionalNumber(_ name: String, _ value: inout Double?, in range: NumberRange = .finite) {
    field(name, print: value.map { .number($0) }) { (came: ConfigValue) throws(Mismatch) in
      guard came != .null else { return value = nil }
      do {
        value = try Self.number(came, in: range)
      } catch {
        throw Mismatch(allowed: "\(range) or null")
      }
    }
  }

  /// A whole number from `minimum` on.
  public mutating func integer(_ name: String, _ value: inout Int, from minimum: Int) {
    field(name, print: .integer(value)) { (came: ConfigValue) throws(Mismatch) in
      guard case .integer(let integer) = came, minimum...Self.largestInteger ~= integer else {
        throw Mismatch(allowed: "an integer from \(minimum) to \(Self.largestInteger)")
      }
      value = integer
    }
  }

  /// A whole number from `minimum` on, or null.
  public mutating func optionalInteger(_ name: String, _ value: inout Int?, from minimum: Int) {
    field(name, print: value.map { .integer($0) } ?? .null) { (came: ConfigValue) throws(Mismatch) in
      switch came {
      case .null: value = nil
      case .integer(let integer) where minimum...Self.largestInteger ~= integer: value = integer
      default: throw Mismatch(allowed: "an integer from \(minimum) to \(Self.largestInteger), or null")
      }
    }
  }

  /// A list of numbers.
  public mutating func numbers(_ name: String, _ values: inout [Double], in range: NumberRange = .finite) {
    field(name, print: .list(values.map { .number($0) })) { (came: ConfigValue) throws(Mismatch) in
      guard case .list(let items) = came else { throw Mismatch(allowed: "a list of numbers") }
      var read: [Double] = []
      for item in items { read.append(try Self.number(item, in: range)) }
      values = read
    }
  }

  /// One of a few texts.
  public mutating func choice(_ name: String, _ value: inout String, of choices: [String]) {
    field(name, print: .string(value)) { (came: ConfigValue) throws(Mismatch) in
      guard case .string(let text) = came, choices.contains(text) else {
        throw Mismatch(allowed: choices.map { "\"\($0)\"" }.joined(separator: " or "))
      }
      value = text
    }
  }

  /// Keras's `epsilon`, for which null and 0 stand for its default, 1e-7.
  public mutating func epsilon(_ value: inout Double) {
    var isZero = false
    field("epsilon", print: .number(value)) { (came: ConfigValue) throws(Mismatch) in
      let number = came == .null ? 0 : try Self.number(came, in: .nonNegative)
      isZero = number == 0 && came != .null
      value = number == 0 ? 1e-7 : number
    }
    if isZero { warn("\(pathTo("epsilon")) is 1e-07: Keras takes 0 for its default") }
  }

  /// A truth value; printed only when `isPrinted`.
  public mutating func flag(_ name: String, _ value: inout Bool, isPrinted: Bool = true) {
    field(name, print: isPrinted ? .flag(value) : nil) { (came: ConfigValue) throws(Mismatch) in
      guard case .flag(let flag) = came else { throw Mismatch(allowed: "true or false") }
      value = flag
    }
  }

  /// A name: any text.
  public mutating func text(_ name: String, _ value: inout String) {
    field(name, print: .string(value)) { (came: ConfigValue) throws(Mismatch) in
      guard case .string(let text) = came else { throw Mismatch(allowed: "a string") }
      value = text
    }
  }

  /// A field that is accepted at values that change nothing, and never printed.
  public mutating func neutral(_ name: String, _ values: [ConfigValue]) {
    field(name, print: nil) { (came: ConfigValue) throws(Mismatch) in
      guard values.contains(came) else {
        throw Mismatch(allowed: values.map(\.description).joined(separator: " or "))
      }
    }
  }

  /// A field that is accepted whatever it holds, and never printed.
  public mutating func ignored(_ name: String) {
    field(name, print: nil) { (_: ConfigValue) throws(Mismatch) in }
  }

  /// Tells the writer where a field means something else than it may expect.
  public mutating func warn(_ warning: String) {
    if isReading { warnings.append(warning) }
  }

  /// Refuses the configuration because of a field.
  public mutating func fail(_ name: String, allowed: String, came: String) {
    guard error == nil else { return }
    error = ConfigurationError(field: pathTo(name), allowed: allowed, came: came)
  }

  /// Keeps an error that a nested configuration gave.
  mutating func fail(_ nested: ConfigurationError) {
    if error == nil { error = nested }
  }

  /// Takes over the warnings of a nested configuration.
  mutating func warn(_ nested: [String]) {
    warnings += nested
  }

  /// The way to a field.
  func pathTo(_ name: String) -> String {
    path.isEmpty ? name : "\(path).\(name)"
  }

  /// Reads or prints one field; `read` gets what came and says what is allowed when it is something else.
  mutating func field(
    _ name: String, print value: ConfigValue?, read: (ConfigValue) throws(Mismatch) -> Void
  ) {
    known.append(name)
    switch mode {
    case .print:
      if let value { members.append(ConfigValue.Member(name, value)) }
    case .read(let members):
      guard let came = members.first(where: { $0.name == name })?.value else { return }
      do {
        try read(came)
      } catch {
        fail(name, allowed: error.allowed, came: came.description)
      }
    }
  }

  /// Ends reading: throws the first error, or the first unknown field.
  func finish() throws(ConfigurationError) {
    if let error { throw error }
    guard case .read(let members) = mode else { return }
    for member in members { try refuseUnknown(member) }
  }

  /// Throws for the first member that is null and was not named as a field.
  func refuseNullOfUnknown(in changes: ConfigValue) throws(ConfigurationError) {
    for member in changes.members where member.value == .null { try refuseUnknown(member) }
  }

  private func refuseUnknown(_ member: ConfigValue.Member) throws(ConfigurationError) {
    guard !known.contains(member.name) else { return }
    throw ConfigurationError(
      field: pathTo(member.name), allowed: "one of " + known.joined(separator: ", "), came: "this unknown field")
  }

  /// What a field allows, when something else came.
  struct Mismatch: Error {
    let allowed: String
  }

  private static func number(_ value: ConfigValue, in range: NumberRange) throws(Mismatch) -> Double {
    let number: Double
    switch value {
    case .integer(let integer): number = Double(integer)
    case .number(let double): number = double
    default: throw Mismatch(allowed: "\(range)")
    }
    guard range.contains(number) else { throw Mismatch(allowed: "\(range)") }
    // Most of the arithmetic is in float32, where a step count of 0 or an infinite limit would make NaN of the weights.
    guard range.contains(Double(Float(number))) else { throw Mismatch(allowed: "\(range), in float32") }
    return number
  }

  /// The double whose shortest decimal is the float's shortest decimal, so that 0.1 prints as 0.1.
  static func shortest(_ value: Float) -> Double {
    Double(value.description) ?? Double(value)
  }
}
