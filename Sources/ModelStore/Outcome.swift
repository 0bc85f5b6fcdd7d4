/// What a change did.
public enum Outcome: Sendable {
  /// A model was created.
  case created(VersionStamp)
  /// All values were replaced.
  case replaced(VersionStamp)
  /// A step was taken; with the new weights when the push asked for them.
  case pushed(Receipt, WeightsVersion?)
  /// The step was taken before, when the push came first: its receipt then, and the weights as they are now when the
  /// push asked for them.
  case replayed(Receipt, WeightsVersion?)
  /// These variables took their averages.
  case assigned([String], VersionStamp)
  /// These variables have other values in the averages, which have this stamp now.
  case averageChanged([String], VersionStamp)
  /// The optimizer's configuration is another.
  case configured(warnings: [String])
  /// The optimizer goes on from other state.
  case stateSet(VersionStamp)
  /// Everything is as it was saved; with the weights that there are, if there is a model.
  case restored(VersionStamp?)
  /// Something was dropped.
  case dropped
}

/// What a push did, or would do.
public struct Receipt: Sendable, Equatable {
  /// Steps taken so far, this one included.
  public let iterations: Int
  /// Whether this step took a snapshot.
  public let isSnapshot: Bool
  /// Snapshots in the average.
  public let snapshots: Int
  /// How many steps the weights that the gradient was computed at were behind; nil when the push did not say.
  public let staleness: Int?
  /// The effective learning rate of the step.
  public let learningRate: Float
  /// The gradient's 2-norm before clipping.
  public let gradientNorm: Double
  /// The weights after the step; for a dry run, what they are now.
  public let stamp: VersionStamp
}
