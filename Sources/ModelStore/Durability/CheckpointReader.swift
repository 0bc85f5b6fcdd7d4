import Optimizers
import Tensors

/// Reads a checkpoint file; checks all of it before anything is used.
struct CheckpointReader {
  private let file: DataFile
  private let byteCount: Int
  private let header: SafetensorsHeader
  /// Of the header as it was when the checksum was computed.
  private let headerChecksum: CRC32C
  private let storedChecksum: UInt32
  private let headerByteCount: Int

  /// Opens a file and reads its header.
  init(_ name: String, in calls: any FileCalls) throws(CheckpointError) {
    do throws(FileFailure) {
      file = try DataFile(name, .reading, in: calls)
      byteCount = try file.byteCount()
    } catch {
      throw .file(error)
    }
    let prefix = try Self.bytes(SafetensorsHeader.lengthPrefixByteCount, at: 0, of: file, byteCount)
    do throws(SafetensorsError) {
      headerByteCount = try prefix.count + SafetensorsHeader.lengthPrefix(parsing: prefix.span, limits: .checkpoint)
    } catch {
      throw .damaged("not a checkpoint: \(error)")
    }
    var bytes = try Self.bytes(headerByteCount, at: 0, of: file, byteCount)
    let digits = CheckpointLayout.checksumOffset..<CheckpointLayout.checksumOffset + CheckpointLayout.checksumDigitCount
    guard bytes.count > digits.upperBound,
      bytes[prefix.count..<digits.lowerBound].elementsEqual(CheckpointLayout.beginning),
      let checksum = UInt32(String(decoding: bytes[digits], as: UTF8.self), radix: 16)
    else { throw .damaged("not a checkpoint: its header has no checksum") }
    storedChecksum = checksum
    for index in digits { bytes[index] = UInt8(ascii: "0") }
    headerChecksum = CRC32C(of: bytes.span)
    do throws(SafetensorsError) {
      header = try SafetensorsHeader(
        parsing: bytes.span.extracting(droppingFirst: prefix.count), dataByteCount: byteCount - headerByteCount,
        limits: .checkpoint)
    } catch {
      throw .damaged("\(error)")
    }
  }

  /// What the header says, whether or not the data is sound.
  func checkpoint() throws(CheckpointError) -> Checkpoint {
    Checkpoint(try CheckpointMetadata(header.metadata), byteCount: byteCount)
  }

  /// The state. Cost: the file's bytes.
  func state(registry: Registry, pool: RegionPool) throws(CheckpointError) -> SavedState {
    var data = RecordData(file, in: headerByteCount..<byteCount, after: headerChecksum)
    // What is wrong with its content matters only when the checksum is right.
    let result: Result<SavedState, CheckpointError>
    do throws(CheckpointError) {
      result = .success(try state(&data, registry: registry, pool: pool))
    } catch {
      result = .failure(error)
    }
    do throws(RecordError) {
      try data.skip()
    } catch {
      throw CheckpointError(error)
    }
    guard data.checksum.value == storedChecksum else { throw .damaged("its checksum is wrong") }
    return try result.get()
  }

  private func state(
    _ data: inout RecordData, registry: Registry, pool: RegionPool
  ) throws(CheckpointError) -> SavedState {
    if let text = header.metadata["checkpoint_version"], let version = Int(text),
      version > CheckpointLayout.formatVersion
    {
      throw .newerFormat(version)
    }
    let metadata = try CheckpointMetadata(header.metadata)
    let optimizer: any AveragingOptimizer
    do throws(ConfigurationError) {
      optimizer = try registry.optimizer(from: metadata.optimizer).optimizer
    } catch {
      throw .unusable("its optimizer: \(error)")
    }
    var state = ModelState(optimizer: optimizer)
    if let counters = metadata.counters {
      state.trained = try model(metadata, counters, rule: optimizer.inner, &data, pool: pool)
    } else if let tensor = header.tensors.first {
      throw .unusable("it has no model, and a tensor \(tensor.name)")
    }
    return SavedState(state, sequence: metadata.sequence)
  }

  private func model(
    _ metadata: CheckpointMetadata, _ counters: TrainedModel.Counters, rule: any Rule, _ data: inout RecordData,
    pool: RegionPool
  ) throws(CheckpointError) -> TrainedModel {
    let layout = try CheckpointLayout.layout(
      of: header.tensors, order: metadata.order, nonTrainable: metadata.nonTrainable)
    guard counters.scalars.count == rule.initialScalars.count else {
      throw .unusable(
        "its optimizer remembers \(rule.initialScalars.count) numbers, and it has \(counters.scalars.count)")
    }
    let expected = CheckpointLayout.tensors(
      of: layout, slotNames: rule.slotNames, hasAverage: counters.average != nil)
    let found = Dictionary(header.tensors.map { (NameKey($0.name), $0) }, uniquingKeysWith: { first, _ in first })
    for tensor in expected where found[NameKey(tensor.name)] != tensor {
      throw .unusable("the tensor \(tensor.name) is missing or elsewhere")
    }
    guard found.count == expected.count else { throw .unusable("it has tensors that are no part of its model") }
    do throws(RecordError) {
      let variables = try data.region(byteCount: layout.byteCount, pool: pool)
      var slots: [Region] = []
      for _ in rule.slotNames { slots.append(try data.region(byteCount: layout.slotByteCount, pool: pool)) }
      let average = counters.average == nil ? nil : try data.region(byteCount: layout.computeByteCount, pool: pool)
      var model = TrainedModel(layout: layout, counters, variables: variables, slots: slots, average: average)
      model.receipts = metadata.receipts
      return model
    } catch {
      throw CheckpointError(error)
    }
  }

  private static func bytes(
    _ count: Int, at offset: Int, of file: DataFile, _ byteCount: Int
  ) throws(CheckpointError) -> [UInt8] {
    guard count <= byteCount - offset else { throw .damaged("it ends too early") }
    var data = RecordData(file, in: offset..<offset + count, after: CRC32C())
    do throws(RecordError) {
      return try data.bytes(count)
    } catch {
      throw CheckpointError(error)
    }
  }
}

extension CheckpointError {
  fileprivate init(_ error: RecordError) {
    switch error {
    case .file(let failure): self = .file(failure)
    case .outOfMemory(let byteCount): self = .outOfMemory(byteCount: byteCount)
    case .malformed(let detail): self = .damaged(detail)
    case .unknownKind: self = .unusable("\(error)")
    }
  }
}
