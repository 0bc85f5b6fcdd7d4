import Tensors

/// Reads a safetensors file as it arrives: the header first, then the data straight into one region.
final class TensorReceiver {
  private let pool: RegionPool
  private var receiver: SafetensorsReceiver
  private var header: SafetensorsHeader?

  init(pool: RegionPool) {
    self.pool = pool
    receiver = SafetensorsReceiver(totalByteCount: nil)
  }

  func write(_ bytes: Span<UInt8>) throws(ClientError) {
    var taken = 0
    while taken < bytes.count {
      let header: SafetensorsHeader?
      do throws(SafetensorsReceiverError) {
        try receiver.receive { target in
          let count = bytes.copy(from: taken, into: &target)
          taken += count
          return count
        }
        header = try receiver.header()
      } catch {
        throw Self.unexpected(error)
      }
      if let header { try place(header) }
    }
  }

  /// The whole file.
  func finish() throws(ClientError) -> TensorFile {
    do throws(SafetensorsReceiverError) {
      try receiver.finish()
    } catch {
      throw Self.unexpected(error)
    }
    guard let header, let data = receiver.intake?.regions.first else {
      throw .unexpectedAnswer("the answer holds no tensors")
    }
    return TensorFile(header: header, data: data)
  }

  /// One region for all data, in the file's own order.
  private func place(_ header: SafetensorsHeader) throws(ClientError) {
    self.header = header
    var placement = Placement()
    for tensor in header.tensors { placement.place(tensor, in: 0, at: tensor.range.lowerBound, as: tensor.dtype) }
    do throws(RegionError) {
      receiver.place(TensorIntake(placement, into: [try Region(byteCount: header.dataByteCount, pool: pool)]))
    } catch {
      throw Self.unexpected(.region(error))
    }
  }

  private static func unexpected(_ error: SafetensorsReceiverError) -> ClientError {
    .unexpectedAnswer("the weights cannot be read as a safetensors file: \(error)")
  }
}
