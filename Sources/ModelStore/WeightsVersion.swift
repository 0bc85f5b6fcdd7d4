public import Tensors

/// Weights at one moment: a value that stays what it is while the model goes on training.
public struct WeightsVersion: Sendable {
  /// What they are.
  public enum Kind: Sendable {
    /// The variables as they train.
    case current
    /// Their averages; non-trainable ones as of the last snapshot.
    case averaged(snapshots: Int)
  }

  /// What they are.
  public let kind: Kind
  /// The model's layout; averages lie in its compute places.
  public let layout: Layout
  /// The bytes.
  public let values: Region
  /// Which weights they are.
  public let stamp: VersionStamp
}

/// Tells weights apart without holding them.
public struct VersionStamp: Sendable, Equatable {
  /// The history that they belong to.
  public let epoch: Epoch
  /// Steps taken, for averages until the last snapshot.
  public let iterations: Int
  /// Counts the changes of these weights in the epoch.
  public let version: Int

  /// Which weights they are, without the steps that led there.
  public var identity: WeightsIdentity { WeightsIdentity(epoch: epoch, version: version) }

  /// A stamp.
  public init(epoch: Epoch, iterations: Int, version: Int) {
    self.epoch = epoch
    self.iterations = iterations
    self.version = version
  }
}

/// Names weights: no two in the life of a server have the same.
public struct WeightsIdentity: Sendable, Hashable {
  /// The history that they belong to.
  public let epoch: Epoch
  /// Counts the changes of the weights in the epoch.
  public let version: Int

  /// A name.
  public init(epoch: Epoch, version: Int) {
    self.epoch = epoch
    self.version = version
  }
}
