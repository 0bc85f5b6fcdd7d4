private import FoundationEssentials
import Tensors

/// Takes a body that is a file of tensors as it arrives, in either format, straight to the places that a placer tells.
struct TensorFileReceiver: Sendable {
  private var safetensors: SafetensorsReceiver
  /// Takes the body once it is known to be an npz file.
  private var npz: NpzReceiver?
  /// Whether the first bytes tell the format.
  private let isFormatOpen: Bool
  private let totalByteCount: Int?

  /// Takes a file of a format; nil for the one that its first bytes tell.
  init(_ format: TensorFileFormat?, totalByteCount: Int?) {
    safetensors = SafetensorsReceiver(totalByteCount: totalByteCount)
    npz = format == .npz ? NpzReceiver(totalByteCount: totalByteCount) : nil
    isFormatOpen = format == nil
    self.totalByteCount = totalByteCount
  }

  /// How far a safetensors file's data has come, and the first of its regions; nil before its header was placed, and for
  /// an npz file.
  var safetensorsProgress: (first: Region, frontier: (region: Int, offset: Int)?)? {
    guard let first = safetensors.intake?.regions[0] else { return nil }
    return (first, safetensors.intake?.frontier)
  }

  /// Takes the next bytes: `fill` writes to the front of the memory where they belong and returns how many.
  mutating func receive(
    _ fill: (inout MutableSpan<UInt8>) -> Int, placing placer: inout some TensorPlacer
  ) throws(BodyError) {
    guard npz == nil else { return try receiveNpz(fill, &placer) }
    do throws(SafetensorsReceiverError) {
      try safetensors.receive(fill)
    } catch {
      guard let start = npzStart(error) else { throw .file(error) }
      npz = NpzReceiver(totalByteCount: totalByteCount)
      return try receiveNpz(start.fill, &placer)
    }
    if let bytes = safetensors.headerBytes {
      safetensors.place(try placer.place(header: bytes, dataByteCount: safetensors.dataByteCount))
    }
  }

  /// Gives away the regions that the data lies in, once the last byte has come.
  mutating func finish(placing placer: inout some TensorPlacer) throws(BodyError) -> [Region] {
    if npz == nil {
      do throws(SafetensorsReceiverError) {
        try safetensors.finish()
      } catch {
        throw .file(error)
      }
      defer { safetensors.intake = nil }
      return safetensors.intake?.regions ?? []
    }
    let comment: [UInt8]
    do throws(NpzError) {
      try npz?.finish()
      comment = npz?.comment ?? []
    } catch {
      throw .npz(error)
    }
    var intake = npz?.intake ?? TensorIntake()
    npz?.intake = TensorIntake()
    try placer.complete(metadata: Self.metadata(of: comment), in: &intake)
    return intake.regions
  }

  private mutating func receiveNpz(
    _ fill: (inout MutableSpan<UInt8>) -> Int, _ placer: inout some TensorPlacer
  ) throws(BodyError) {
    do throws(NpzError) {
      try npz?.receive(fill)
    } catch {
      throw .npz(error)
    }
    while let tensor = npz?.tensor {
      try npz?.place(tensor, by: &placer)
      do throws(NpzError) {
        try npz?.goOn()
      } catch {
        throw .npz(error)
      }
    }
  }

  /// The first bytes of an npz file, which as the length of a safetensors header are beyond any limit; nil when it is none.
  private func npzStart(_ error: SafetensorsReceiverError) -> InlineArray<8, UInt8>? {
    guard isFormatOpen, case .safetensors(.headerTooLong(let length, _)) = error,
      UInt32(truncatingIfNeeded: length) == NpzReceiver.signature
    else { return nil }
    return InlineArray { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) }
  }

  /// What an archive's comment says where it is what this server writes; it may be any text.
  private static func metadata(of comment: [UInt8]) -> [String: String] {
    (try? JSONDecoder().decode([String: String].self, from: Data(comment))) ?? [:]
  }
}

extension NpzReceiver {
  fileprivate mutating func place(_ tensor: TensorDescription, by placer: inout some TensorPlacer) throws(BodyError) {
    try placer.place(tensor, in: &intake)
  }
}

extension InlineArray<8, UInt8> {
  /// Writes all of them to the front of memory, which has room for them.
  fileprivate func fill(_ target: inout MutableSpan<UInt8>) -> Int {
    for index in indices { target[index] = self[index] }
    return count
  }
}
