private import FoundationEssentials
public import Tensors

/// Takes a file of a model's values as it arrives: of the model that there is, or of a new one.
///
/// Cost beside the values' own memory: none, but for an npz file of a new model, whose layout is known with its last array
/// alone: every array is received by itself, and copied, one after the other, in the end.
public struct ModelReceiver: BodyReceiver {
  private var file: TensorFileReceiver
  private var placer: ModelPlacer

  /// Takes values for the existing layout, or for a new model whose variables named in `nonTrainable` are not trained.
  ///
  /// `format` is nil for the one that the first bytes tell.
  public init(
    existing: Layout?, nonTrainable: [String], format: TensorFileFormat? = nil, totalByteCount: Int?, pool: RegionPool
  ) {
    file = TensorFileReceiver(format, totalByteCount: totalByteCount)
    placer = ModelPlacer(existing: existing, nonTrainable: nonTrainable, pool: pool)
  }

  /// Takes the next bytes: `fill` writes to the front of the memory where they belong and returns how many.
  public mutating func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(BodyError) {
    try file.receive(fill, placing: &placer)
  }

  /// The values and their layout, once the last byte has come.
  public mutating func finish() throws(BodyError) -> (layout: Layout, values: Region) {
    let regions = try file.finish(placing: &placer)
    return try placer.values(in: regions)
  }
}

/// Places a model's values in one region of its layout; of a new one that comes array by array, each in its own.
private struct ModelPlacer: TensorPlacer {
  private let nonTrainable: [String]
  private let pool: RegionPool
  private var layout: Layout?
  /// What has come so far.
  private var tensors: [TensorDescription] = []
  /// Whether each of them has a region of its own.
  private var isLoose = false

  init(existing: Layout?, nonTrainable: [String], pool: RegionPool) {
    self.nonTrainable = nonTrainable
    self.pool = pool
    layout = existing
  }

  mutating func place(header bytes: [UInt8], dataByteCount: Int?) throws(BodyError) -> TensorIntake {
    let header = try SafetensorsHeader(ofBody: bytes, dataByteCount: dataByteCount)
    if layout == nil { layout = try newLayout(of: header.tensors, header.metadata) }
    return try place(header)
  }

  mutating func place(_ tensor: TensorDescription, in intake: inout TensorIntake) throws(BodyError) {
    tensors.append(tensor)
    guard let layout else {
      isLoose = true
      // A pool of its own keeps nothing of it.
      let region = try intake.add(byteCount: tensor.range.count, from: RegionPool())
      return intake.place(tensor, in: region, at: 0, as: tensor.dtype)
    }
    let index: Int
    do throws(ModelError) {
      index = try layout.check(tensor)
    } catch {
      throw .model(error)
    }
    if intake.regions.isEmpty { _ = try intake.add(byteCount: layout.byteCount, from: pool) }
    intake.place(tensor, in: 0, at: layout.entries[index].offset, as: tensor.dtype)
  }

  mutating func complete(metadata: [String: String], in intake: inout TensorIntake) throws(BodyError) {
    guard let layout else { return layout = try newLayout(of: tensors, metadata) }
    do throws(ModelError) {
      try layout.checkCompleteness(of: tensors)
    } catch {
      throw .model(error)
    }
  }

  /// The layout, and its values in one region.
  func values(in regions: consuming [Region]) throws(BodyError) -> (layout: Layout, values: Region) {
    guard let layout else { throw .file(.truncatedData) }
    if !isLoose, let values = regions.first { return (layout, values) }
    do throws(ModelError) {
      var values = try layout.region(from: pool)
      let none = try Layout([]).region(from: pool)
      for (index, tensor) in tensors.enumerated() {
        guard let entry = layout.index(of: tensor.name) else { continue }
        values.copyBytes(from: regions[index], in: 0..<tensor.range.count, to: layout.entries[entry].offset)
        // Given back at once: never is the whole model there twice.
        regions[index] = none
      }
      return (layout, values)
    } catch {
      throw .model(error)
    }
  }

  private func newLayout(
    of tensors: [TensorDescription], _ metadata: [String: String]
  ) throws(BodyError) -> Layout {
    let listed = try metadataNames("non_trainable", in: metadata) ?? []
    let order = try metadataNames("order", in: metadata)
    do throws(ModelError) {
      return try Layout(creating: tensors, order: order, nonTrainable: listed + nonTrainable)
    } catch {
      throw .model(error)
    }
  }
}

/// A list of names in a file's metadata; nil when there is none.
func metadataNames(_ key: String, in metadata: [String: String]) throws(BodyError) -> [String]? {
  guard let text = metadata[key] else { return nil }
  do {
    return try JSONDecoder().decode([String].self, from: Data(text.utf8))
  } catch {
    throw .metadata(key: key, detail: "expected a JSON list of names, got \(text)")
  }
}
