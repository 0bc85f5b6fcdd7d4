/// A number as it is written: digits and a power of ten.
struct DecimalNumber {
  private(set) var isNegative = false
  /// The first digits, as many as fit.
  private(set) var significand: UInt64 = 0
  /// The power of ten that the significand is to be multiplied with.
  private(set) var exponent = 0
  /// Whether digits other than 0 did not fit into the significand.
  private(set) var isTruncated = false

  /// Reads a number whose syntax has been checked.
  init(_ text: Span<UInt8>, _ range: Range<Int>) {
    var index = range.lowerBound
    let end = range.upperBound
    if text[index] == UInt8(ascii: "-") {
      isNegative = true
      index += 1
    }
    var isFraction = false
    while index < end {
      let byte = text[index]
      index += 1
      if byte == UInt8(ascii: ".") {
        isFraction = true
      } else if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
        exponent += Self.exponent(text, index..<end)
        return
      } else {
        append(UInt64(byte &- UInt8(ascii: "0")), isFraction: isFraction)
      }
    }
  }

  @inline(__always)
  private mutating func append(_ digit: UInt64, isFraction: Bool) {
    if significand <= (UInt64.max - 9) / 10 {
      significand = significand &* 10 &+ digit
      if isFraction { exponent &-= 1 }
    } else {
      isTruncated = isTruncated || digit != 0
      if !isFraction { exponent &+= 1 }
    }
  }

  /// An exponent; beyond what any number of digits could make up for it stays where it is.
  private static func exponent(_ text: Span<UInt8>, _ range: Range<Int>) -> Int {
    var value = 0
    for index in range where text[index] >= UInt8(ascii: "0") && value < 1 << 40 {
      value = value &* 10 &+ Int(text[index] &- UInt8(ascii: "0"))
    }
    return text[range.lowerBound] == UInt8(ascii: "-") ? -value : value
  }
}

extension DecimalNumber {
  /// The nearest float64; nil when the digits here do not decide it.
  var double: Double? {
    guard let (odd, scale) = binary else { return nil }
    let magnitude = Double(odd) * scale
    return isNegative ? -magnitude : magnitude
  }

  /// The nearest float32; nil when the digits here do not decide it.
  var float: Float? {
    guard let (odd, scale) = binary else { return nil }
    // The product is exact in float64, so that only infinity is left to find on the way back.
    let magnitude = Float(Double(Float(odd)) * scale)
    return isNegative ? -magnitude : magnitude
  }

  /// An integer and a power of two whose product is the magnitude, or lies on the same side of all numbers of up to 61
  /// bits: the integer's last bit is set when it is not exact ("round to odd"), so that it can be rounded once more.
  ///
  /// Powers of ten beyond 27 are left to others: 5^27 is the last power of five in 64 bits.
  private var binary: (odd: UInt64, scale: Double)? {
    guard !isTruncated, exponent >= -27, exponent <= 27 else { return nil }
    guard significand != 0 else { return (0, 1) }
    let power = Self.powersOfFive[Int(exponent.magnitude)]
    if exponent >= 0 {
      let (high, low) = significand.multipliedFullWidth(by: power)
      guard high != 0 else { return (low, Self.powerOfTwo(exponent)) }
      let shift = high.leadingZeroBitCount
      let top = shift == 0 ? high : high << shift | low >> (64 - shift)
      return (top | (low << shift != 0 ? 1 : 0), Self.powerOfTwo(exponent + 64 - shift))
    }
    // Both are moved up to the highest bit; halved if need be, so that the quotient has 63 or 64 bits.
    let numeratorShift = significand.leadingZeroBitCount
    let divisorShift = power.leadingZeroBitCount
    let numerator = significand << numeratorShift
    let divisor = power << divisorShift
    let halving = numerator >= divisor ? 1 : 0
    let (quotient, remainder) = divisor.dividingFullWidth(
      (numerator >> halving, halving == 1 ? numerator << 63 : 0))
    return (
      quotient | (remainder != 0 ? 1 : 0),
      Self.powerOfTwo(exponent + divisorShift - numeratorShift - 64 + halving)
    )
  }

  private static let powersOfFive: [UInt64] = (1...27).reduce(into: [1]) { powers, _ in
    powers.append(powers[powers.count - 1] * 5)
  }

  private static func powerOfTwo(_ exponent: Int) -> Double {
    Double(bitPattern: UInt64(exponent + 1023) << 52)
  }
}
