public import Tensors

/// The weights that a pull brought.
public struct Weights: Sendable {
  /// Which weights they are.
  public let version: WeightsVersion
  /// The variables.
  public let file: TensorFile
}
