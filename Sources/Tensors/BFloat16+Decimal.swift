extension BFloat16 {
  /// The float64 with the fewest decimal digits that rounds to this number.
  var shortestDouble: Double {
    let text = double.magnitude.description
    guard double.isFinite else { return double }
    let number = DecimalNumber(text.utf8.span, 0..<text.utf8.count)
    var divisor: UInt64 = 1
    while number.significand / divisor >= 10 { divisor *= 10 }
    while divisor > 1 {
      let digits = (number.significand + divisor / 2) / divisor
      let exponent = number.exponent + String(divisor).count - 1
      if let candidate = Double("\(digits)e\(exponent)"), BFloat16(nearest: candidate).float == float.magnitude {
        return double.sign == .minus ? -candidate : candidate
      }
      divisor /= 10
    }
    return double
  }
}
