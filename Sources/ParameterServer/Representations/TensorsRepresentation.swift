import HTTPServer
import HTTPTypes
import ModelStore
import Tensors

/// What was chosen of one of a model's regions, in one format.
struct TensorsRepresentation: Sendable {
  let choice: TensorChoice
  /// The region that the choice's list describes.
  let values: Region
  let stamp: VersionStamp
  let format: WeightsFormat
  /// The entity tag, given what tells this from the whole as safetensors.
  let entityTag: @Sendable ([String]) -> String
  /// What the download is called.
  let name: String
  /// What the file says of itself.
  let metadata: [(String, String)]
  let application: Application

  /// The representation; nothing is copied before its content is wanted.
  var representation: Representation {
    var fields = FieldLines.version(stamp)
    fields.append(.cacheControl, application.configuration.cacheControl)
    fields.append(.vary, "Accept")
    return Representation(
      entityTag: entityTag(format.tags(of: choice)), fields: fields, mediaType: format.mediaType,
      fileName: format.fileName(name, stamp.iterations), hasRanges: format.encoding != .json,
      content: { () throws(Problem) in try content() })
  }

  private func content() throws(Problem) -> Content {
    switch format.encoding {
    case .safetensors:
      guard choice.items != nil else {
        let data = try HeldRegion(values, by: application.heldVersions)
        return .safetensors(
          metadata: metadata, tail: choice.list.headerTail, data: [data.source(0..<choice.list.byteCount)])
      }
      let (tensors, data) = try chosen()
      return .safetensors(metadata: metadata, tail: SafetensorsHeader.tail(of: tensors), data: [data.source])
    case .npz:
      let (tensors, data) = try widened()
      return .npz(choice.list.inCreationOrder(tensors), in: Content(data.source), metadata: metadata)
    case .json:
      try JSONText.checkCount(of: choice)
      let (tensors, data) = try chosen()
      return Content(try JSONText.of(tensors, in: data.region, metadata: metadata))
    }
  }

  /// What was chosen, in types that NumPy has.
  private func widened() throws(Problem) -> (tensors: [TensorDescription], data: HeldRegion) {
    let (tensors, data) = try chosen()
    guard tensors.contains(where: { $0.dtype == .bf16 }) else { return (tensors, data) }
    return try choice.copy(
      of: TensorChoice.Item.widening(tensors), from: data.region, pool: application.model.pool,
      heldBy: application.heldVersions)
  }

  /// The tensors and the region where they lie: the list's own, or a copy of what is taken of it.
  private func chosen() throws(Problem) -> (tensors: [TensorDescription], data: HeldRegion) {
    guard let items = choice.items else {
      return (choice.list.tensors, try HeldRegion(values, by: application.heldVersions))
    }
    return try choice.copy(
      of: items, from: values, pool: application.model.pool, heldBy: application.heldVersions)
  }
}

extension TensorsRepresentation {
  /// Weights or averages.
  init(_ weights: WeightsVersion, _ selection: Selection, _ format: WeightsFormat, _ application: Application)
    throws(Problem)
  {
    let tag = WeightsTag(weights.kind, weights.stamp)
    let choice = try selection.choose(from: TensorList(weights))
    var metadata = [("format", "pt")]
    switch weights.kind {
    case .current: metadata.append(("kind", "weights"))
    case .averaged(let snapshots): metadata += [("kind", "average"), ("snapshots", "\(snapshots)")]
    }
    metadata += [("iteration", "\(weights.stamp.iterations)"), ("model_epoch", weights.stamp.epoch.description)]
    self.init(
      choice: choice, values: weights.values, stamp: weights.stamp, format: format,
      entityTag: { tag.text($0) }, name: TensorList(weights).part == .variables ? "weights" : "average",
      metadata: metadata + choice.creationMetadata, application: application)
  }
}

extension TensorList {
  /// What lies in the region of a version.
  init(_ weights: WeightsVersion) {
    layout = weights.layout
    part = if case .current = weights.kind { .variables } else { .averages }
  }
}

extension TensorChoice {
  /// What a file must say so that a model is created from it in this one's order and with its trainable variables.
  var creationMetadata: [(String, String)] {
    items == nil ? list.layout.creationMetadata : list.layout.creationMetadata(of: indices)
  }
}
