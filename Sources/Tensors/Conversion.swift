/// Loops that turn elements of one type into floating-point elements of another.
public enum Conversion {
  /// Converts elements one to one.
  @inlinable
  public static func convert<Source: FloatElement, Target: FloatElement>(
    _ source: Span<Source>, into target: inout MutableSpan<Target>
  ) {
    let count = source.count
    precondition(target.count == count)
    for index in 0..<count {
      target[index] = Target(nearest: source[index])
    }
  }

  /// Converts little-endian elements of any `dtype` that may lie anywhere, integers to the nearest float; a third of
  /// the speed of aligned elements or less.
  public static func convert(_ source: Span<UInt8>, from dtype: DType, into target: inout MutableSpan<Float>) {
    convertAny(source, from: dtype, into: &target)
  }

  /// Converts little-endian elements of any `dtype` that may lie anywhere.
  public static func convert(_ source: Span<UInt8>, from dtype: DType, into target: inout MutableSpan<Double>) {
    convertAny(source, from: dtype, into: &target)
  }

  @inline(__always)
  private static func convertAny<Target: FloatElement & BinaryFloatingPoint>(
    _ source: Span<UInt8>, from dtype: DType, into target: inout MutableSpan<Target>
  ) {
    switch dtype {
    case .f64: convert(source, of: Double.self, into: &target)
    case .f32: convert(source, of: Float.self, into: &target)
    case .f16: convert(source, of: Float16.self, into: &target)
    case .bf16: convert(source, of: BFloat16.self, into: &target)
    case .i64: convert(source, ofIntegers: Int64.self, into: &target)
    case .i32: convert(source, ofIntegers: Int32.self, into: &target)
    case .i16: convert(source, ofIntegers: Int16.self, into: &target)
    case .i8: convert(source, ofIntegers: Int8.self, into: &target)
    case .u8, .bool: convert(source, ofIntegers: UInt8.self, into: &target)
    }
  }

  @inline(__always)
  static func convert<Source: FloatElement, Target: FloatElement>(
    _ source: Span<UInt8>, of _: Source.Type, into target: inout MutableSpan<Target>
  ) {
    let count = target.count
    precondition(source.count == count * MemoryLayout<Source>.size)
    for index in 0..<count {
      target[index] = Target(nearest: Source(bitPattern: integer(in: source, at: index)))
    }
  }

  @inline(__always)
  private static func convert<Source: FixedWidthInteger, Target: BinaryFloatingPoint>(
    _ source: Span<UInt8>, ofIntegers _: Source.Type, into target: inout MutableSpan<Target>
  ) {
    let count = target.count
    precondition(source.count == count * MemoryLayout<Source>.size)
    for index in 0..<count {
      target[index] = Target(integer(in: source, at: index) as Source)
    }
  }

  @inline(__always)
  static func integer<Integer: FixedWidthInteger>(in source: Span<UInt8>, at index: Int) -> Integer {
    let size = MemoryLayout<Integer>.size
    var bits: Integer = 0
    for byte in 0..<size {
      bits |= Integer(truncatingIfNeeded: source[index &* size &+ byte]) << Integer(truncatingIfNeeded: 8 &* byte)
    }
    return bits
  }
}
