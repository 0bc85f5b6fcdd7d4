public import Tensors

/// Takes the body's tensors as the new values: for weights that are trained elsewhere and averaged here.
///
///     w = g
///
/// By rows, the last of a row's values stays. Memory traffic a parameter: 8 bytes.
public struct Assign: Rule {
  public typealias Slot = NoSlot

  public static let className = "Assign"

  public var settings: RuleSettings

  /// The rule, which has no hyperparameters.
  public init() {
    settings = RuleSettings(name: Self.className, learningRate: 1, rateForm: .none)
  }

  public var slots: [Slot] { [] }

  public var sumsDuplicateRows: Bool { false }

  public var takesValues: Bool { true }

  public var module: String? { nil }

  public mutating func fields(_ fields: inout Fields) {}

  @inlinable
  public func update<T: Trainable>(
    _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Slot>, _ gradient: Region, _ step: Step
  ) {
    blocks(run, &variable, gradient) { w, g in
      each(&w, g) { w, g in w = g }
    }
  }
}
