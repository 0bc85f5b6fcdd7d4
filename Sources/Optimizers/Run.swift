public import Tensors

/// Neighbouring trainable variables of one type that all have a gradient: what a rule updates in one go, so that ten
/// thousand small variables cost what one big one does.
public struct Run<T: Trainable>: Sendable {
  /// Where the run lies, and its stored type: T's own, or a half when T is Float.
  public let extent: RunExtent

  /// The run of this extent, computed in T.
  @inlinable
  public init(_ extent: RunExtent) {
    self.extent = extent
  }
}

/// Where a run lies in the regions of a model.
public struct RunExtent: Sendable, Equatable {
  /// The type in which the variables are stored.
  public let storageType: DType
  /// How many elements the run has.
  public let elementCount: Int
  /// Where the run begins in a region of the model, in bytes.
  public let variableOffset: Int
  /// Where the run begins in gradients, slots and averages, in bytes.
  public let computeOffset: Int
  /// How many threads may work on it.
  public let threads: Int

  /// An extent; offsets are multiples of the element sizes.
  public init(storageType: DType, elementCount: Int, variableOffset: Int, computeOffset: Int, threads: Int) {
    self.storageType = storageType
    self.elementCount = elementCount
    self.variableOffset = variableOffset
    self.computeOffset = computeOffset
    self.threads = threads
  }
}
