public import Tensors

/// Where a run lies in the regions of a model, and how its gradient is read.
public struct RunExtent: Sendable, Equatable {
  /// The type in which the variables are stored.
  public let storageType: DType
  /// How many elements the run has.
  public let elementCount: Int
  /// Where the run begins in a region of the model, in bytes.
  public let variableOffset: Int
  /// Where the run begins in slots and averages, in bytes, and in dense gradients.
  public let computeOffset: Int
  /// How many threads may work on it.
  public var threads: Int
  /// The rows to update, of one variable; nil when it is all elements.
  public var rows: RowSelection?
  /// What clipping does to each element of the gradient, in this order.
  public var clips: [ClipStep] = []

  /// An extent with a dense gradient; offsets are multiples of the element sizes.
  public init(storageType: DType, elementCount: Int, variableOffset: Int, computeOffset: Int, threads: Int) {
    self.storageType = storageType
    self.elementCount = elementCount
    self.variableOffset = variableOffset
    self.computeOffset = computeOffset
    self.threads = threads
  }
}
