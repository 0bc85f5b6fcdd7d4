public import Tensors

/// What clipping by norms needs to know of a gradient.
extension RunExtent {
  /// The sum of squares of a gradient's elements as clipping left them, by blocks in their order. Cost: one pass.
  public func sumOfSquares(of gradient: Region) -> Double {
    storageType == .f64
      ? sum(of: Double.self, gradient) { $0.sumOfSquares() } : sum(of: Float.self, gradient) { $0.sumOfSquares() }
  }

  private func sum<T: Trainable>(of _: T.Type, _ gradient: Region, _ squares: (Span<T>) -> Double) -> Double {
    let target = BlockTarget<T>(reading: gradient, self)
    let count = rows?.elementCount ?? elementCount
    var sum = 0.0
    for first in stride(from: 0, to: count, by: blockElementCount) {
      target.read(first..<min(first + blockElementCount, count)) { sum += squares($0) }
    }
    return sum
  }
}

extension ClipStep {
  /// Applies the step to a region of elements of a compute type. Cost: one pass, and a copy if somebody else holds it.
  public func apply(to region: inout Region, of type: DType) {
    let count = region.byteCount / type.byteCount
    if type == .f64 {
      region.withMutableElements(of: Double.self, at: 0, count: count) { apply(to: &$0) }
    } else {
      region.withMutableElements(of: Float.self, at: 0, count: count) { apply(to: &$0) }
    }
  }

  /// The step of `clip_by_norm` for elements of a type with this norm.
  public static func byNorm(_ limit: Double, norm: Double, type: DType) -> ClipStep {
    if type == .f64 { return .quotient(limit, max(norm, limit)) }
    return .quotient(limit, Double(max(Float(norm), Float(limit))))
  }

  /// The step of `clip_by_global_norm` for elements of a type.
  public static func byGlobalNorm(_ limit: Double, norm: Double, type: DType) -> ClipStep {
    if type == .f64 { return .product(limit * min(1 / norm, 1 / limit)) }
    return .product(Double(Float(limit) * min(1 / Float(norm), 1 / Float(limit))))
  }
}
