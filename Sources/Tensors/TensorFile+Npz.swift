/// Tensors as NumPy has them: what `numpy.savez` writes and `numpy.load` reads.
extension TensorFile {
  /// Reads a whole npz file; what its comment says is not looked at. Cost: a copy of its data, twice in memory meanwhile.
  public init(decodingNpz bytes: Span<UInt8>, pool: RegionPool) throws(NpzError) {
    var receiver = NpzReceiver(totalByteCount: bytes.count)
    var tensors: [TensorDescription] = []
    var rest = bytes
    while !rest.isEmpty {
      var taken = 0
      try receiver.receive { target in
        taken = min(target.count, rest.count)
        for index in 0..<taken { target[index] = rest[index] }
        return taken
      }
      rest = rest.extracting(droppingFirst: taken)
      while let tensor = receiver.tensor {
        let region = receiver.intake.add(try Self.npzRegion(byteCount: tensor.range.count, pool: pool))
        receiver.intake.place(tensor, in: region, at: 0, as: tensor.dtype)
        tensors.append(
          TensorDescription(name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, range: tensor.range))
        try receiver.goOn()
      }
    }
    try receiver.finish()
    var data = try Self.npzRegion(byteCount: tensors.last?.range.upperBound ?? 0, pool: pool)
    for (tensor, region) in zip(tensors, receiver.intake.regions) {
      data.copyBytes(from: region, in: 0..<region.byteCount, to: tensor.range.lowerBound)
    }
    self.init(header: SafetensorsHeader(metadata: [:], tensors: SafetensorsHeader.inDataOrder(tensors)), data: data)
  }

  /// The whole file as bytes of the npz format, the metadata in the archive's comment; nil when a tensor is of BF16, which
  /// NumPy does not have. Cost: a copy of its data.
  public func encodedNpz() -> [UInt8]? {
    guard tensors.allSatisfy({ $0.dtype != .bf16 }) else { return nil }
    var archive = NpzArchive()
    var bytes: [UInt8] = []
    for tensor in tensors {
      data.withBytes(in: tensor.range) { elements in
        bytes += archive.head(of: tensor) { $0.update(elements) }
        for index in elements.indices { bytes.append(elements[index]) }
      }
    }
    return bytes + archive.end(metadata: metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  }

  private static func npzRegion(byteCount: Int, pool: RegionPool) throws(NpzError) -> Region {
    do throws(RegionError) {
      return try Region(byteCount: byteCount, pool: pool)
    } catch {
      throw NpzError(error)
    }
  }
}
