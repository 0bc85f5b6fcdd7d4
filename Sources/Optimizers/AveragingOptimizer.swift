public import Tensors

/// A wrapper around a rule that averages the variables on a schedule.
public protocol AveragingOptimizer: Sendable {
  /// Its class name in TensorFlow Addons.
  static var className: String { get }

  /// A wrapper with the defaults.
  init()

  /// A name for people.
  var name: String { get set }
  /// The rule that is wrapped.
  var inner: any Rule { get set }
  /// Clipping of gradients after the inner optimizer's own.
  var clipping: Clipping { get set }
  /// Whether an average starts as a copy of the variables before its first snapshot; if not, its content is unspecified.
  var startsAtVariables: Bool { get }

  /// Names each field once, with its property and range.
  mutating func fields(_ fields: inout Fields)
  /// Whether the step at an iteration (the number of steps before it) ends with a snapshot.
  func takesSnapshot(at iteration: Int) -> Bool
  /// The first iteration from `iteration` on whose step takes a snapshot.
  func nextSnapshot(from iteration: Int) -> Int
  /// The snapshots that steps 0 to `iterations` - 1 take, and the number of steps taken when the last of them was.
  func snapshots(before iterations: Int) -> (count: Int, last: Int)
  /// Takes a run of variables into its averages, which hold `count` snapshots before.
  func average(_ extent: RunExtent, _ average: inout Region, of variable: Region, count: Int, at iteration: Int)
}

extension AveragingOptimizer {
  /// No.
  public var startsAtVariables: Bool { false }
}
