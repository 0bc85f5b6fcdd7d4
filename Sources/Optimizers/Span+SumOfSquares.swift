/// Sums of squares in eight lanes of float64.
extension Span where Element == Float {
  /// The sum of squares: a float32's square can't overflow a float64, so the sum is finite exactly when all elements are.
  func sumOfSquares() -> Double {
    var lanes = SIMD8<Double>.zero
    var index = 0
    while index &+ 8 <= count {
      var eight = SIMD8<Float>()
      for lane in 0..<8 { eight[lane] = self[index &+ lane] }
      let wide = SIMD8<Double>(eight)
      lanes += wide * wide
      index &+= 8
    }
    for lane in 0..<count &- index {
      lanes[lane] += Double(self[index &+ lane]) * Double(self[index &+ lane])
    }
    return lanes.sum()
  }
}

extension Span where Element == Double {
  /// The sum of squares; not finite as well when it overflows.
  func sumOfSquares() -> Double {
    var lanes = SIMD8<Double>.zero
    var index = 0
    while index &+ 8 <= count {
      var eight = SIMD8<Double>()
      for lane in 0..<8 { eight[lane] = self[index &+ lane] }
      lanes += eight * eight
      index &+= 8
    }
    for lane in 0..<count &- index {
      lanes[lane] += self[index &+ lane] * self[index &+ lane]
    }
    return lanes.sum()
  }
}
