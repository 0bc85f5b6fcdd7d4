extension JSONTensors {
  /// Reads numbers into their places: `numbers.count` elements of `dtype` from byte `offset` of a region on, which is a
  /// multiple of their size.
  ///
  /// Float64 and float32 are the nearest to the number as written, the halves the nearest to its float64; integers are
  /// exact, and a number beyond a type's range is an error.
  /// - Parameters:
  ///   - tensor: the name for errors.
  ///   - text: the text that was parsed.
  public func write(
    _ numbers: Numbers, of tensor: String, from text: Span<UInt8>, as dtype: DType, into region: inout Region,
    at offset: Int
  ) throws(JSONTensorsError) {
    let reader = JSONNumberReader(numbers: numbers, tensor: tensor, dtype: dtype, offset: offset)
    switch dtype {
    case .f64: try reader.fill(&region, text) { JSONNumberReader.double($0, $1) }
    case .f32: try reader.fill(&region, text) { JSONNumberReader.float($0, $1) }
    case .f16: try reader.fill(&region, text) { JSONNumberReader.half($0, $1) as Float16? }
    case .bf16: try reader.fill(&region, text) { JSONNumberReader.half($0, $1) as BFloat16? }
    case .i64: try reader.fill(&region, text) { JSONNumberReader.integer($0, $1) as Int64? }
    case .i32: try reader.fill(&region, text) { JSONNumberReader.integer($0, $1) as Int32? }
    case .i16: try reader.fill(&region, text) { JSONNumberReader.integer($0, $1) as Int16? }
    case .i8: try reader.fill(&region, text) { JSONNumberReader.integer($0, $1) as Int8? }
    case .u8: try reader.fill(&region, text) { JSONNumberReader.integer($0, $1) as UInt8? }
    case .bool: try reader.fill(&region, text) { JSONNumberReader.truthValue($0, $1) }
    }
  }
}
