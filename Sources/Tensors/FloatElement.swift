/// A floating-point type that tensors are made of, and how it becomes the others: exactly where that is possible, else
/// rounded once, to nearest, ties to even.
///
/// Everything here is free of branches, so that loops over elements become vector code; the conversions of `Float16`
/// itself are calls where the processor is not known to have them.
public protocol FloatElement: BitwiseCopyable {
  /// An integer of the same size.
  associatedtype Bits: FixedWidthInteger & UnsignedInteger
  /// The number with this encoding.
  init(bitPattern: Bits)
  /// The encoding.
  var bitPattern: Bits { get }
  /// The number as float64, exact.
  var double: Double { get }
  /// The number as float32, rounded to nearest.
  var float: Float { get }
  /// The number as float32; if it lies between two, the one with the odd fraction, so that a second rounding to a
  /// narrower type is as right as a first one.
  var oddFloat: Float { get }
  /// The nearest number of this type.
  init(nearest number: some FloatElement)
}

extension Double: FloatElement {
  /// Itself.
  @inlinable public var double: Double { self }
  /// The nearest float32.
  @inlinable public var float: Float { Float(self) }

  /// The float32 with the odd fraction of the two around it.
  @inlinable
  public var oddFloat: Float {
    let nearest = Float(self)
    let back = Double(nearest)
    // One down from what was rounded away from zero is truncation; from infinity it is the largest number.
    let truncated = nearest.bitPattern &- (back.magnitude > magnitude ? 1 : 0)
    // False for a NaN too, which compares unequal to all.
    let isInexact = back < self || back > self
    return Float(bitPattern: truncated | (isInexact ? 1 : 0))
  }

  /// The number as float64, exact.
  @inlinable
  public init(nearest number: some FloatElement) {
    self = number.double
  }
}

extension Float: FloatElement {
  /// The number as float64, exact.
  @inlinable public var double: Double { Double(self) }
  /// Itself.
  @inlinable public var float: Float { self }
  /// Itself.
  @inlinable public var oddFloat: Float { self }

  /// The nearest float32.
  @inlinable
  public init(nearest number: some FloatElement) {
    self = number.float
  }
}

extension Float16: FloatElement {
  /// The number as float64, exact.
  @inlinable public var double: Double { Double(float) }
  /// The number as float32, exact.
  @inlinable public var oddFloat: Float { float }

  /// The number as float32, exact.
  @inlinable
  public var float: Float {
    let sign = UInt32(bitPattern & 0x8000) << 16
    let magnitude = UInt32(bitPattern & 0x7FFF) << 13
    // A normal number's exponent needs another bias, 2^112 as a factor; infinity and NaN keep all bits of theirs set.
    let isSpecial = magnitude >= 0x0F80_0000
    let normal = (magnitude &+ 112 << 23) | (isSpecial ? 0x7F80_0000 : 0)
    // A subnormal number's fraction behind 2^-14 and that taken away again: the subtraction normalizes, exactly.
    let smallest = Float(bitPattern: 113 << 23)
    let subnormal = (Float(bitPattern: magnitude | smallest.bitPattern) - smallest).bitPattern
    return Float(bitPattern: (magnitude < 1 << 23 ? subnormal : normal) | sign)
  }

  /// The nearest float16; infinity from 65,520 on.
  @inlinable
  public init(nearest number: some FloatElement) {
    let bits = number.oddFloat.bitPattern
    let magnitude = bits & 0x7FFF_FFFF
    let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
    // Half of the last place less a tie's even bit, so that the carry rounds to nearest even.
    let normal = UInt16(truncatingIfNeeded: (magnitude &- 112 << 23 &+ 0xFFF &+ (magnitude >> 13 & 1)) >> 13)
    // Beside 1/2, whose last place is that of subnormal halves, the addition itself rounds.
    let subnormal = UInt16(truncatingIfNeeded: (Float(bitPattern: magnitude) + 0.5).bitPattern)
    let payload = UInt16(truncatingIfNeeded: magnitude >> 13) & 0x3FF
    let special = magnitude > 0x7F80_0000 ? 0x7E00 | payload : 0x7C00
    let small = magnitude < 113 << 23 ? subnormal : normal
    self.init(bitPattern: (magnitude >= 0x477F_F000 ? special : small) | sign)
  }
}

extension BFloat16: FloatElement {
  /// The number as float64, exact.
  @inlinable public var double: Double { Double(float) }
  /// The number as float32, exact.
  @inlinable public var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
  /// The number as float32, exact.
  @inlinable public var oddFloat: Float { float }

  /// The nearest bfloat16; infinity beyond the largest.
  @inlinable
  public init(nearest number: some FloatElement) {
    let bits = number.oddFloat.bitPattern
    let rounded = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    let quietNaN = UInt16(truncatingIfNeeded: bits >> 16) | 0x40
    self.init(bitPattern: bits & 0x7FFF_FFFF > 0x7F80_0000 ? quietNaN : rounded)
  }
}
