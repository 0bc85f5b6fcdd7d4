public import CMath
private import Glibc
public import Tensors

/// The types that rules compute in: float32 for float32 and half-precision variables, float64 for float64 ones.
public protocol Trainable: BinaryFloatingPoint, FloatElement, Sendable {
  /// The square root, correctly rounded, in a form that vectorizes.
  static func root(_ x: Self) -> Self
  /// The C library's power.
  static func power(_ base: Self, _ exponent: Self) -> Self
}

extension Float: Trainable {
  /// The square root by the processor's instruction.
  @inlinable
  @inline(__always)
  public static func root(_ x: Float) -> Float { swa_root_float(x) }

  /// The C library's power.
  public static func power(_ base: Float, _ exponent: Float) -> Float { powf(base, exponent) }
}

extension Double: Trainable {
  /// The square root by the processor's instruction.
  @inlinable
  @inline(__always)
  public static func root(_ x: Double) -> Double { swa_root_double(x) }

  /// The C library's power.
  public static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
}

/// The square root, correctly rounded, in a form that vectorizes.
@inlinable
@inline(__always)
public func root<T: Trainable>(_ x: T) -> T { T.root(x) }
