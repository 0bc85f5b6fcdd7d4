private import CMath

/// Whether the processor has the wider instructions; asked once.
private let isWide = swa_has_wide_instructions() != 0

/// Sums of squares in sixteen lanes of float64, the same bits on every processor.
extension Span where Element == Float {
  /// The sum of squares: a float32's square can't overflow a float64, so the sum is finite exactly when all elements are.
  func sumOfSquares() -> Double {
    unsafe withUnsafeBufferPointer { elements in
      guard let start = elements.baseAddress else { return 0 }
      return unsafe isWide
        ? swa_sum_of_squares_float_wide(start, elements.count) : swa_sum_of_squares_float_narrow(start, elements.count)
    }
  }
}

extension Span where Element == Double {
  /// The sum of squares; not finite as well when it overflows.
  func sumOfSquares() -> Double {
    unsafe withUnsafeBufferPointer { elements in
      guard let start = elements.baseAddress else { return 0 }
      return unsafe isWide
        ? swa_sum_of_squares_double_wide(start, elements.count)
        : swa_sum_of_squares_double_narrow(start, elements.count)
    }
  }
}
