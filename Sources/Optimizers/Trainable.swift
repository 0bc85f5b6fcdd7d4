public import CMath
public import Tensors

/// The types that rules compute in: float32 for float32 and half-precision variables, float64 for float64 ones.
public protocol Trainable: BinaryFloatingPoint, FloatElement, Sendable {
  /// The square root, correctly rounded, in a form that vectorizes.
  static func root(_ x: Self) -> Self
}

extension Float: Trainable {
  /// The square root by the processor's instruction.
  @inlinable
  @inline(__always)
  public static func root(_ x: Float) -> Float { swa_root_float(x) }
}

extension Double: Trainable {
  /// The square root by the processor's instruction.
  @inlinable
  @inline(__always)
  public static func root(_ x: Double) -> Double { swa_root_double(x) }
}

/// The square root, correctly rounded, in a form that vectorizes.
@inlinable
@inline(__always)
public func root<T: Trainable>(_ x: T) -> T { T.root(x) }
