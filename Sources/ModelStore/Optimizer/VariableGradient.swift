public import Tensors

/// A gradient of one variable, or the new value of one that is not trainable.
public enum VariableGradient: Sendable {
  /// Of all elements, in the variable's shape.
  case dense(Tensor)
  /// Of some rows of axis 0, one row of values for each (TensorFlow's `IndexedSlices`). Rows that come twice are summed.
  case rows([Int], values: Tensor)

  /// The tensors that stand for it in a body.
  func tensors(of variable: String, from pool: RegionPool) -> [(name: String, value: Tensor)] {
    switch self {
    case .dense(let value): [(variable, value)]
    case .rows(let rows, let values):
      [
        (variable + "/indices", Tensor(integers: rows.map { Int64($0) }, pool: pool)),
        (variable + "/values", values),
      ]
    }
  }

  /// The gradient times a factor, in its own type. Cost: a copy.
  func scaled(by factor: Double, from pool: RegionPool) -> VariableGradient {
    switch self {
    case .dense(let value): .dense(value.scaled(by: factor, from: pool))
    case .rows(let rows, let values): .rows(rows, values: values.scaled(by: factor, from: pool))
    }
  }
}

extension VariableGradient: ExpressibleByArrayLiteral {
  /// A dense float32 gradient of one axis.
  public init(arrayLiteral elements: Float...) {
    self = .dense(Tensor(elements))
  }
}

extension Tensor {
  fileprivate func scaled(by factor: Double, from pool: RegionPool) -> Tensor {
    dtype == .f64
      ? Tensor(doubles: doubles.map { $0 * factor }, shape: shape, pool: pool)
      : Tensor(floats.map { $0 * Float(factor) }, shape: shape, pool: pool)
  }
}
