import HTTPServer
import HTTPTypes
import ModelStore
import Tensors

/// Optimizer state at one moment: as the list of get_weights, or one slot of it.
struct StateRepresentation: Sendable {
  let state: OptimizerState
  let application: Application

  /// The whole list, numbered in its order, as a file; an absent average is zeros.
  func list(_ format: WeightsFormat) -> Representation {
    var fields = FieldLines.version(state.stamp)
    fields.append(.cacheControl, application.configuration.cacheControl)
    fields.append(.vary, "Accept")
    let tag = WeightsTag(optimizer: state.slotStamp, average: state.average?.stamp)
    return Representation(
      entityTag: tag.text(format.tags), fields: fields, mediaType: format.mediaType,
      fileName: format.fileName("optimizer", state.stamp.iterations), hasRanges: true,
      content: { () throws(Problem) in try listContent(format) })
  }

  private func listContent(_ format: WeightsFormat) throws(Problem) -> Content {
    let trainable = 0..<state.layout.slotByteCount
    let average = if let average = state.average { average.values } else { try zeros() }
    let regions = [average] + state.slots.map(\.values)
    let hold = try application.heldVersions.hold(regions)
    let data: [any ByteSource] = [state.head] + regions.map { RegionSource($0, trainable, hold) }
    let metadata = metadata(kind: "optimizer", state.stamp) + [("snapshots", "\(snapshots)")]
    guard format.encoding == .safetensors else {
      return .npz(state.descriptions, in: Content(data), metadata: metadata)
    }
    return .safetensors(
      metadata: metadata,
      tail: SafetensorsHeader.tail(of: state.descriptions.sorted { $0.range.lowerBound < $1.range.lowerBound }),
      data: data)
  }

  /// One slot of the trainable variables that are selected.
  func slot(_ name: String, _ selection: Selection, _ format: WeightsFormat) throws(Problem) -> TensorsRepresentation {
    let choice = try selection.choose(from: TensorList(layout: state.layout, part: .slot))
    if name == "average" {
      guard let average = state.average else { throw .noAverage(.notFound) }
      let tag = WeightsTag(average.kind, average.stamp)
      return TensorsRepresentation(
        choice: choice, values: average.values, stamp: average.stamp, format: format,
        entityTag: { tag.text(["slot"] + $0) }, name: name,
        metadata: metadata(kind: name, average.stamp) + [("snapshots", "\(snapshots)")], application: application)
    }
    guard let slot = state.slots.first(where: { $0.name == name }) else {
      throw Problem(.noSlot(name: name, slots: ["average"] + state.slots.map(\.name)))
    }
    let stem = "\(state.stamp.epoch)-s\(state.slotStamp.version)"
    return TensorsRepresentation(
      choice: choice, values: slot.values, stamp: state.slotStamp, format: format,
      entityTag: { "\"" + ([stem, name] + $0).joined(separator: "-") + "\"" }, name: name,
      metadata: metadata(kind: name, state.slotStamp), application: application)
  }

  private var snapshots: Int { if case .averaged(let count)? = state.average?.kind { count } else { 0 } }

  private func zeros() throws(Problem) -> Region {
    do {
      return try Region.zeros(byteCount: state.layout.slotByteCount, pool: application.model.pool)
    } catch {
      throw Problem(.outOfMemory(byteCount: state.layout.slotByteCount))
    }
  }

  private func metadata(kind: String, _ stamp: VersionStamp) -> [(String, String)] {
    [
      ("format", "pt"), ("kind", kind), ("iteration", "\(stamp.iterations)"),
      ("model_epoch", stamp.epoch.description),
    ]
  }
}
