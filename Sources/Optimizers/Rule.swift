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

  /// The value of a slot before the first step.
  func initialValue(of slot: Slot) -> Double
  /// Names each hyperparameter beside `settings` once, with its property and range.
  mutating func fields(_ fields: inout Fields)
  /// Updates the variables of a run and their slots by dense gradients.
  func update<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step)
  /// Updates a run of any type; `slotRegions` are in the order of `slots`. Cost: the rule's memory traffic over the run.
  ///
  /// A requirement, so that a call through `any Rule` reaches code that is specialized for the rule.
  func apply(
    _ extent: RunExtent, _ variable: inout Region, _ slotRegions: inout [Region], _ gradient: Region, _ step: Step)
}

extension Rule {
  /// Zero.
  public func initialValue(of slot: Slot) -> Double { 0 }

  /// The names of the slots in use.
  public var slotNames: [String] { slots.map(\.rawValue) }

  /// The value of a slot before the first step, by name; 0 for a name that is not a slot's.
  public func initialValue(ofSlotNamed name: String) -> Double {
    Slot(rawValue: name).map { initialValue(of: $0) } ?? 0
  }

  /// The step at an iteration: the learning rate is the schedule's value there.
  public func step(at iteration: Int) -> Step {
    Step(
      iteration: iteration, learningRate: settings.learningRate.value(at: iteration), decay: settings.decay)
  }

  /// The default: turns the stored type into the type to compute in.
  @inlinable
  public func apply(
    _ extent: RunExtent, _ variable: inout Region, _ slotRegions: inout [Region], _ gradient: Region, _ step: Step
  ) {
    var slots = Slots(names: self.slots, regions: slotRegions)
    slotRegions = []
    if extent.storageType == .f64 {
      update(Run<Double>(extent), &variable, &slots, gradient, step)
    } else {
      update(Run<Float>(extent), &variable, &slots, gradient, step)
    }
    slotRegions = slots.regions
  }
}

/// The slots of a rule that remembers nothing.
public enum NoSlot: SlotName {
  public static let allCases: [NoSlot] = []

  public init?(rawValue: String) { nil }

  public var rawValue: String { switch self {} }
}
