import Tensors

/// A tensor in a body that a test sends.
struct Tensor {
  let name: String
  let dtype: DType
  let shape: [Int]
  let bytes: [UInt8]

  static func f32(_ name: String, _ shape: [Int], _ values: [Float]) -> Tensor {
    Tensor(name: name, dtype: .f32, shape: shape, bytes: unsafe values.withUnsafeBytes { unsafe Array($0) })
  }

  static func f16(_ name: String, _ shape: [Int], _ values: [Float16]) -> Tensor {
    Tensor(name: name, dtype: .f16, shape: shape, bytes: values.flatMap { littleEndian($0.bitPattern) })
  }

  static func bf16(_ name: String, _ shape: [Int], _ values: [BFloat16]) -> Tensor {
    Tensor(name: name, dtype: .bf16, shape: shape, bytes: values.flatMap { littleEndian($0.bitPattern) })
  }

  /// The pair of a sparse gradient.
  static func sparse(_ name: String, rows: [Int], width: Int, _ values: [Float]) -> [Tensor] {
    [
      Tensor(
        name: name + "/indices", dtype: .i64, shape: [rows.count],
        bytes: rows.flatMap { littleEndian(UInt64($0)) }),
      .f32(name + "/values", [rows.count, width], values),
    ]
  }

  /// A safetensors file.
  static func file(_ tensors: [Tensor]) -> [UInt8] {
    var descriptions: [TensorDescription] = []
    var data: [UInt8] = []
    for tensor in tensors {
      let range = data.count..<data.count + tensor.bytes.count
      descriptions.append(
        TensorDescription(name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, range: range))
      data += tensor.bytes
    }
    return SafetensorsHeader.encode(tensors: descriptions, metadata: []) + data
  }

  private static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    (0..<MemoryLayout<T>.size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
