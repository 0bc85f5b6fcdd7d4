private import FoundationEssentials
public import Tensors

/// Takes a safetensors file of a model's values as it arrives: of the model that there is, or of a new one.
public struct ModelReceiver: BodyReceiver {
  private let existing: Layout?
  private let nonTrainable: [String]
  private let pool: RegionPool
  private var receiver: SafetensorsReceiver
  private var layout: Layout?

  /// Takes values for the existing layout, or for a new model whose variables named in `nonTrainable` are not trained.
  public init(existing: Layout?, nonTrainable: [String], totalByteCount: Int?, pool: RegionPool) {
    self.existing = existing
    self.nonTrainable = nonTrainable
    self.pool = pool
    receiver = SafetensorsReceiver(totalByteCount: totalByteCount)
  }

  /// Takes the next bytes: `fill` writes to the front of the memory where they belong and returns how many.
  public mutating func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(BodyError) {
    if let header = try receiver.take(fill) { try place(header) }
  }

  /// The values and their layout, once the last byte has come.
  public mutating func finish() throws(BodyError) -> (layout: Layout, values: Region) {
    let regions = try receiver.takeRegions()
    guard let layout, let values = regions.first else { throw .file(.truncatedData) }
    return (layout, values)
  }

  private mutating func place(_ header: SafetensorsHeader) throws(BodyError) {
    let layout: Layout
    if let existing {
      do throws(ModelError) {
        try existing.check(header.tensors)
      } catch {
        throw .model(error)
      }
      layout = existing
    } else {
      layout = try newLayout(header)
    }
    var placement = Placement()
    for tensor in header.tensors {
      guard let index = layout.index(of: tensor.name) else { continue }
      placement.place(tensor, in: 0, at: layout.entries[index].offset, as: tensor.dtype)
    }
    do throws(ModelError) {
      receiver.place(TensorIntake(placement, into: [try layout.region(from: pool)]))
    } catch {
      throw .model(error)
    }
    self.layout = layout
  }

  private func newLayout(_ header: SafetensorsHeader) throws(BodyError) -> Layout {
    let listed = try names("non_trainable", in: header.metadata) ?? []
    let order = try names("order", in: header.metadata)
    do throws(ModelError) {
      return try Layout(creating: header.tensors, order: order, nonTrainable: listed + nonTrainable)
    } catch {
      throw .model(error)
    }
  }

  private func names(_ key: String, in metadata: [String: String]) throws(BodyError) -> [String]? {
    guard let text = metadata[key] else { return nil }
    do {
      return try JSONDecoder().decode([String].self, from: Data(text.utf8))
    } catch {
      throw .metadata(key: key, detail: "expected a JSON list of names, got \(text)")
    }
  }
}
