public import Optimizers
public import Tensors

/// All that an optimizer remembers of a model at one moment, to be listed or saved; it stays what it is while the model
/// goes on training.
public struct OptimizerState: Sendable {
  /// What the state consists of, in the order of get_weights.
  public let listing: OptimizerListing
  /// Which weights the state belongs to.
  public let stamp: VersionStamp
  /// Which state it is: its version counts the steps and whatever else changed slots.
  public let slotStamp: VersionStamp
  /// The rule's numbers that no variable has, such as Nadam's momentum cache, in its order.
  public let scalars: [RuleScalar]
  /// The rule's slots in use, in its order: one region of all trainable variables each.
  public let slots: [Slot]
  /// The average; nil before the first snapshot.
  public let average: WeightsVersion?

  /// The model's layout; slots and averages lie in its compute places.
  public var layout: Layout { listing.layout }

  /// What the rule remembers of each variable under one name.
  public struct Slot: Sendable {
    /// The slot's name in Keras.
    public let name: String
    /// `layout.slotByteCount` bytes.
    public let values: Region
  }
}
