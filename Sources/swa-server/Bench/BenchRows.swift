import Tensors

/// A sparse gradient of a table: 1,000 distinct rows from all over it, others at each push.
struct BenchRows {
  private static let count = 1000
  /// Steps through all rows of a table whose size is a power of 10, each row once, and neighbours far apart.
  private static let step = 618_033

  private let rowCount: Int
  private let width: Int

  init(of shape: BenchShape) {
    rowCount = shape.shapes[0][0]
    width = shape.shapes[0].dropFirst().reduce(1, *)
  }

  private var header: [UInt8] {
    let (indices, values) = (8 * Self.count, 4 * Self.count * width)
    return SafetensorsHeader.encode(
      tensors: [
        TensorDescription(name: "variable0/indices", dtype: .i64, shape: [Self.count], range: 0..<indices),
        TensorDescription(
          name: "variable0/values", dtype: .f32, shape: [Self.count, width], range: indices..<indices + values),
      ], metadata: [])
  }

  var fileByteCount: Int { header.count + (8 + 4 * width) * Self.count }

  /// A safetensors file of small numbers for the first rows.
  func file(from pool: RegionPool) throws(Failure) -> Region {
    let header = header
    var file = try Region.forBench(byteCount: fileByteCount, pool: pool)
    file.withMutableBytes(in: 0..<header.count) { bytes in
      for index in header.indices { bytes[index] = header[index] }
    }
    _ = choose(after: 0, in: &file)
    file.withMutableElements(of: Float.self, at: header.count + 8 * Self.count, count: Self.count * width) { values in
      for index in values.indices { values[index] = Float(index % 255 - 127) * 1e-5 }
    }
    return file
  }

  /// Writes the rows that follow `sent` others into a file; answers how many were chosen by then.
  func choose(after sent: Int, in file: inout Region) -> Int {
    let offset = fileByteCount - (8 + 4 * width) * Self.count
    file.withMutableElements(of: Int64.self, at: offset, count: Self.count) { rows in
      for index in rows.indices { rows[index] = Int64((sent + index) * Self.step % rowCount) }
    }
    return (sent + Self.count) % rowCount
  }
}
