public import Optimizers
public import Tensors

/// Whatever changes a model. Applying the same changes to the same state gives the same bits; what is random or depends
/// on time is part of the change.
public enum Change: Sendable {
  /// Makes the values the model, with fresh state; the optimizer's configuration stays.
  case create(layout: Layout, values: Region, epoch: Epoch)
  /// Replaces all values, keeping the optimizer's state.
  case replace(layout: Layout, values: Region)
  /// Drops model, state and averages; the optimizer's configuration stays.
  case drop
  /// One step of the optimizer.
  case push(Push)
  /// Sets trainable variables, or all of them, to their averages.
  case assignAverage(variables: [String]?)
  /// Drops the average and its count.
  case dropAverage
  /// Replaces values of non-trainable variables in the averages, until the next snapshot.
  case setAveragedBuffers(BufferValues)
  /// Another optimizer with fresh state; the variables stay.
  case setOptimizer(any AveragingOptimizer, epoch: Epoch)
  /// State to go on from, in a new epoch; variables and configuration stay.
  case setOptimizerState(SavedOptimizerState, epoch: Epoch)
  /// Everything as it was saved, in a new epoch.
  case restore(SavedState, epoch: Epoch)
  /// A JSON merge patch of the optimizer's configuration, its state kept.
  case patchOptimizer(ConfigValue)
}

/// A gradient with what it was computed from; an object, as it goes through many hands.
public final class Push: Sendable {
  /// The gradients.
  public let gradient: Gradient
  /// What they were computed from.
  public let base: GradientBase
  /// How it is known again when it is sent again, of a round's push each trainer's part; none without a key.
  public let identities: [PushIdentity]
  /// Whether the outcome is to hold the new weights, as a version that the next push must leave alone.
  public let wantsWeights: Bool

  /// A push.
  public init(
    gradient: Gradient, base: GradientBase = GradientBase(), identities: [PushIdentity] = [], wantsWeights: Bool = false
  ) {
    self.gradient = gradient
    self.base = base
    self.identities = identities
    self.wantsWeights = wantsWeights
  }

  /// How many steps the model of this stamp and layout is ahead; nil when the trainer did not say. Throws when the push
  /// may not be applied to it.
  func staleness(at stamp: VersionStamp, of layout: Layout) throws(ModelError) -> Int? {
    let staleness = try base.staleness(at: stamp)
    guard gradient.layout === layout else {
      throw .epochMismatch(came: "gradients for a model that is gone", expected: stamp.epoch.description)
    }
    return staleness
  }
}
