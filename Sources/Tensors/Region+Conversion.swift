extension Region {
  /// Converts `count` elements of a floating-point type in another region to one in this.
  ///
  /// Both may lie anywhere, and are faster where they are aligned.
  public mutating func convertElements(
    from source: Region, _ sourceType: DType, at sourceOffset: Int, count: Int, to type: DType, at offset: Int
  ) {
    switch type {
    case .f64: convert(source, sourceType, sourceOffset, count, to: Double.self, offset)
    case .f32: convert(source, sourceType, sourceOffset, count, to: Float.self, offset)
    case .f16: convert(source, sourceType, sourceOffset, count, to: Float16.self, offset)
    case .bf16: convert(source, sourceType, sourceOffset, count, to: BFloat16.self, offset)
    case .i64, .i32, .i16, .i8, .u8, .bool: preconditionFailure("\(type) is not a floating-point type")
    }
  }

  private mutating func convert<Target: FloatElement>(
    _ source: Region, _ sourceType: DType, _ sourceOffset: Int, _ count: Int, to _: Target.Type, _ offset: Int
  ) {
    withMutableElements(of: Target.self, at: offset, count: count) { target in
      switch sourceType {
      case .f64: Self.convert(Double.self, source, sourceOffset, into: &target)
      case .f32: Self.convert(Float.self, source, sourceOffset, into: &target)
      case .f16: Self.convert(Float16.self, source, sourceOffset, into: &target)
      case .bf16: Self.convert(BFloat16.self, source, sourceOffset, into: &target)
      case .i64, .i32, .i16, .i8, .u8, .bool: preconditionFailure("\(sourceType) is not a floating-point type")
      }
    }
  }

  private static func convert<Source: FloatElement, Target: FloatElement>(
    _: Source.Type, _ source: Region, _ offset: Int, into target: inout MutableSpan<Target>
  ) {
    let count = target.count
    if offset % MemoryLayout<Source>.alignment == 0 {
      source.withElements(of: Source.self, at: offset, count: count) { Conversion.convert($0, into: &target) }
    } else {
      source.withBytes(in: offset..<offset + count * MemoryLayout<Source>.size) {
        Conversion.convert($0, of: Source.self, into: &target)
      }
    }
  }
}
