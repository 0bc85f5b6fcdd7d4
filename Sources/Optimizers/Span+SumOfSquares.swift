/// Sums of squares in eight lanes of float64.
extension Span where Element == Float {
  /// The sum of squares: a float32's square can't overflow a float64, so the sum is finite exactly when all elements are.
  func sumOfSquares() -> Double {
    var lanes = SIMD8<Double>.zero
    var rest = self
    while rest.count >= 8 {
      // A span of its own, of a length that the compiler knows: no check for each element.
      let next = rest.extracting(first: 8)
      var eight = SIMD8<Float>()
      for lane in 0..<8 { eight[lane] = next[lane] }
      let wide = SIMD8<Double>(eight)
      lanes += wide * wide
      rest = rest.extracting(droppingFirst: 8)
    }
    for lane in rest.indices { lanes[lane] += Double(rest[lane]) * Double(rest[lane]) }
    return lanes.sum()
  }
}

extension Span where Element == Double {
  /// The sum of squares; not finite as well when it overflows.
  func sumOfSquares() -> Double {
    var lanes = SIMD8<Double>.zero
    var rest = self
    while rest.count >= 8 {
      let next = rest.extracting(first: 8)
      var eight = SIMD8<Double>()
      for lane in 0..<8 { eight[lane] = next[lane] }
      lanes += eight * eight
      rest = rest.extracting(droppingFirst: 8)
    }
    for lane in rest.indices { lanes[lane] += rest[lane] * rest[lane] }
    return lanes.sum()
  }
}
