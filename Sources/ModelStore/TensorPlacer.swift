import Tensors

/// Says where the tensors of a body belong, and what is wrong with them, before their data comes.
///
/// A safetensors file names all its tensors in front, an npz file each in front of its own data.
protocol TensorPlacer: Sendable {
  /// Places all tensors of a file, given the bytes of its header. Unless it is implemented: one by one, then `complete`.
  mutating func place(header bytes: [UInt8], dataByteCount: Int?) throws(BodyError) -> TensorIntake

  /// Places the next tensor of a file; adds the regions that it takes.
  mutating func place(_ tensor: TensorDescription, in intake: inout TensorIntake) throws(BodyError)

  /// Checks that nothing is missing: there are no more tensors than those that were placed. The metadata is the file's.
  mutating func complete(metadata: [String: String], in intake: inout TensorIntake) throws(BodyError)
}

extension TensorPlacer {
  mutating func place(header bytes: [UInt8], dataByteCount: Int?) throws(BodyError) -> TensorIntake {
    try place(try SafetensorsHeader(ofBody: bytes, dataByteCount: dataByteCount))
  }

  /// Places the tensors of a header one by one.
  mutating func place(_ header: SafetensorsHeader) throws(BodyError) -> TensorIntake {
    var intake = TensorIntake()
    for tensor in header.tensors { try place(tensor, in: &intake) }
    try complete(metadata: header.metadata, in: &intake)
    return intake
  }
}

extension SafetensorsHeader {
  /// Reads the header of a body.
  init(ofBody bytes: [UInt8], dataByteCount: Int?) throws(BodyError) {
    do throws(SafetensorsError) {
      try self.init(parsing: bytes.span, dataByteCount: dataByteCount)
    } catch {
      throw .file(.safetensors(error))
    }
  }
}

extension TensorIntake {
  /// Adds a region of so many bytes and returns its index.
  mutating func add(byteCount: Int, from pool: RegionPool) throws(BodyError) -> Int {
    do throws(RegionError) {
      return add(try Region(byteCount: byteCount, pool: pool))
    } catch {
      throw .model(ModelError(error))
    }
  }
}
