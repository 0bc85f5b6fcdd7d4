public import Tensors

/// An optimizer's rule: a value with hyperparameters. What it remembers is kept apart, in slots, so that a checkpoint
/// writes the slots and averaging composes around any rule.
public protocol Rule: Sendable {
  /// What the rule remembers of each variable; an empty enumeration when that is nothing.
  associatedtype Slot: SlotName

  /// Keras's class name.
  static var className: String { get }
  /// What every rule has: name, learning rate, decay and clipping.
  var settings: RuleSettings { get set }
  /// The slots in use with these hyperparameters, in the order of get_weights.
  var slots: [Slot] { get }

  /// A rule with Keras's defaults.
  init()

  /// The Python module that Keras's `serialize` would name; nil for none.
  var module: String? { get }
  /// The name under which the class is registered with Keras; nil for Keras's own.
  var registeredName: String? { get }
  /// Whether get_weights lists all slots of a variable together, rather than a slot of all variables.
  var listsStateByVariable: Bool { get }
  /// Numbers that the rule remembers beside the slots, with their values before the first step; in most rules none.
  var initialScalars: [RuleScalar] { get }
  /// Whether rows that come twice in a sparse gradient are summed before the rule sees them; if not, it sees them one
  /// after the other.
  var sumsDuplicateRows: Bool { get }

  /// Whether what comes for a variable is its new value rather than a gradient.
  var takesValues: Bool { get }

  /// The value of a slot before the first step.
  func initialValue(of slot: Slot) -> Double
  /// Names each hyperparameter beside `settings` once, with its property and range.
  mutating func fields(_ fields: inout Fields)
  /// Updates the variables of a run and their slots by dense gradients.
  func update<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step)
  /// Updates the variable of a run by gradients of some of its rows.
  func updateRows<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step)
  /// The rule's numbers after a step, computed in the type of the model's first variable.
  func scalars<T: Trainable>(after step: Step, in type: T.Type) -> [Double]
  /// Updates a run of any type; `slotRegions` are in the order of `slots`. Cost: the rule's memory traffic over the run.
  ///
  /// A requirement, so that a call through `any Rule` reaches code that is specialized for the rule.
  func apply(
    _ extent: RunExtent, _ variable: inout Region, _ slotRegions: inout [Region], _ gradient: Region, _ step: Step)
}

extension Rule {
  /// Zero.
  public func initialValue(of slot: Slot) -> Double { 0 }

  /// That of Keras's legacy optimizers.
  public var module: String? { "keras.optimizers.legacy" }

  /// None.
  public var registeredName: String? { nil }

  /// No.
  public var listsStateByVariable: Bool { false }

  /// None.
  public var initialScalars: [RuleScalar] { [] }

  /// Yes.
  public var sumsDuplicateRows: Bool { true }

  /// No.
  public var takesValues: Bool { false }

  /// As they were.
  public func scalars<T: Trainable>(after step: Step, in type: T.Type) -> [Double] { step.scalars }

  /// The dense update of the rows with a gradient; the others and their slots stay.
  @inlinable
  public func updateRows<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    update(run, &variable, &slots, gradient, step)
  }

  /// The names of the slots in use.
  public var slotNames: [String] { slots.map(\.rawValue) }

  /// The value of a slot before the first step, by name; 0 for a name that is not a slot's.
  public func initialValue(ofSlotNamed name: String) -> Double {
    Slot(rawValue: name).map { initialValue(of: $0) } ?? 0
  }

  /// The step at an iteration: the learning rate is the schedule's value there.
  public func step(at iteration: Int, scalars: [Double] = []) -> Step {
    let settings = settings
    return Step(
      iteration: iteration, learningRate: settings.learningRate.value(at: iteration), decay: settings.decay,
      scalars: scalars)
  }

  /// The default: turns the stored type into the type to compute in.
  @inlinable
  public func apply(
    _ extent: RunExtent, _ variable: inout Region, _ slotRegions: inout [Region], _ gradient: Region, _ step: Step
  ) {
    var slots = Slots(names: self.slots, regions: slotRegions)
    slotRegions = []
    switch (extent.storageType == .f64, extent.rows == nil) {
    case (true, true): update(Run<Double>(extent), &variable, &slots, gradient, step)
    case (false, true): update(Run<Float>(extent), &variable, &slots, gradient, step)
    case (true, false): updateRows(Run<Double>(extent), &variable, &slots, gradient, step)
    case (false, false): updateRows(Run<Float>(extent), &variable, &slots, gradient, step)
    }
    slotRegions = slots.regions
  }
}

/// A number that a rule remembers beside its slots.
public struct RuleScalar: Sendable, Equatable {
  /// Its name in Keras.
  public let name: String
  /// Its value.
  public var value: Double

  /// A number of a rule.
  public init(name: String, value: Double) {
    self.name = name
    self.value = value
  }
}

/// The slots of a rule that remembers nothing.
public enum NoSlot: SlotName {
  public static let allCases: [NoSlot] = []

  public init?(rawValue: String) { nil }

  public var rawValue: String { switch self {} }
}
