import HTTPServer
import HTTPTypes
import ModelStore
import Tensors

/// Optimizer state at one moment: as the list of get_weights, or one slot of it.
struct StateRepresentation: Sendable {
  let state: OptimizerState
  let heldVersions: HeldVersions
  let cacheControl: String

  init(_ state: OptimizerState, of application: Application) {
    self.state = state
    heldVersions = application.heldVersions
    cacheControl = application.configuration.cacheControl
  }

  /// The whole list, numbered in its order; an absent average is zeros.
  func list(from pool: RegionPool) throws(Problem) -> Response {
    let trainable = 0..<state.layout.slotByteCount
    var data: [any ByteSource] = [state.head]
    if let average = state.average {
      data.append(try RegionSource(average.values, trainable, heldBy: heldVersions))
    } else {
      data.append(try RegionSource(zeros(from: pool), heldBy: heldVersions))
    }
    for slot in state.slots { data.append(try RegionSource(slot.values, trainable, heldBy: heldVersions)) }
    let snapshots = if case .averaged(let count)? = state.average?.kind { count } else { 0 }
    let content = Content.safetensors(
      metadata: metadata(kind: "optimizer") + [("snapshots", "\(snapshots)")],
      tail: SafetensorsHeader.tail(of: state.descriptions.sorted { $0.range.lowerBound < $1.range.lowerBound }),
      data: data)
    return response(content, .preferred, name: "optimizer")
  }

  /// One slot of all trainable variables, or of those named.
  func slot(_ name: String, of names: [String]?, as format: WeightsFormat) throws(Problem) -> Response {
    let found = name == "average" ? state.average?.values : state.slots.first { $0.name == name }?.values
    guard let values = found else {
      if name == "average" { throw .noAverage(.notFound) }
      throw Problem(.noSlot(name: name, slots: ["average"] + state.slots.map(\.name)))
    }
    let wanted = names.map(Set.init)
    let tensors = state.layout.computeDescriptions.prefix(state.layout.trainableCount)
      .filter { wanted?.contains($0.name) ?? true }
    let metadata = metadata(kind: name)
    switch format.encoding {
    case .json:
      let text = try JSONText.of(tensors, in: values, metadata: metadata)
      return response(Content(text), format, name: name)
    case .safetensors:
      var packed: [TensorDescription] = []
      var data: [any ByteSource] = []
      var end = 0
      for tensor in tensors {
        packed.append(
          TensorDescription(
            name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, range: end..<end + tensor.range.count))
        end += tensor.range.count
        if wanted != nil { data.append(try RegionSource(values, tensor.range, heldBy: heldVersions)) }
      }
      if wanted == nil { data.append(try RegionSource(values, 0..<end, heldBy: heldVersions)) }
      let content = Content.safetensors(metadata: metadata, tail: SafetensorsHeader.tail(of: packed), data: data)
      return response(content, format, name: name)
    }
  }

  private func zeros(from pool: RegionPool) throws(Problem) -> Region {
    do {
      return try Region.zeros(byteCount: state.layout.slotByteCount, pool: pool)
    } catch {
      throw Problem(.outOfMemory(byteCount: state.layout.slotByteCount))
    }
  }

  private func metadata(kind: String) -> [(String, String)] {
    [
      ("format", "pt"), ("kind", kind), ("iteration", "\(state.stamp.iterations)"),
      ("model_epoch", state.stamp.epoch.description),
    ]
  }

  private func response(_ content: Content, _ format: WeightsFormat, name: String) -> Response {
    var fields = HTTPFields.version(state.stamp)
    fields[.contentType] = format.mediaType
    fields[.cacheControl] = cacheControl
    fields[.vary] = "Accept"
    fields[.contentDisposition] = "attachment; filename=\"\(format.fileName(name, state.stamp.iterations))\""
    return Response(.ok, fields: fields, content: content)
  }
}
