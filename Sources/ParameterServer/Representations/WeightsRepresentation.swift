import HTTPServer
import HTTPTypes
import ModelStore
import Tensors

/// One version of weights in one format: its tag, its fields and its bytes.
struct WeightsRepresentation: Sendable {
  let weights: WeightsVersion
  let format: WeightsFormat
  let heldVersions: HeldVersions
  let cacheControl: String

  init(_ weights: WeightsVersion, as format: WeightsFormat, of application: Application) {
    self.weights = weights
    self.format = format
    heldVersions = application.heldVersions
    cacheControl = application.configuration.cacheControl
  }

  /// No two different sequences of bytes have the same tag.
  var entityTag: String { Self.entityTag(weights.kind, weights.stamp, format.encoding) }

  static func entityTag(_ kind: WeightsVersion.Kind, _ stamp: VersionStamp, _ encoding: WeightsFormat.Encoding)
    -> String
  {
    let letter = if case .current = kind { "w" } else { "a" }
    let selection = encoding == .safetensors ? "" : "-\(encoding.rawValue)"
    return "\"\(stamp.epoch)-\(letter)\(stamp.version)\(selection)\""
  }

  /// The answer to a GET: the whole, or 304 when the client has it (RFC 9110, section 13.1.2).
  func response(to fields: HTTPFields) -> Response {
    if let tags = fields[.ifNoneMatch], EntityTags(tags).contains(entityTag) {
      return Response(.notModified, fields: versionFields)
    }
    return Response { () throws(Problem) in try response() }
  }

  /// The whole.
  func response() throws(Problem) -> Response {
    var fields = versionFields
    fields[.contentType] = format.mediaType
    fields[.contentDisposition] = "attachment; filename=\"\(fileName)\""
    fields[.acceptRanges] = "none"
    return Response(.ok, fields: fields, content: try content())
  }

  /// Fields that go with a 304 too.
  private var versionFields: HTTPFields {
    [
      .eTag: entityTag, .weightsIteration: "\(weights.stamp.iterations)",
      .modelEpoch: weights.stamp.epoch.description, .cacheControl: cacheControl, .vary: "Accept",
    ]
  }

  private var fileName: String {
    let stem = if case .current = weights.kind { "weights" } else { "average" }
    return format.fileName(stem, weights.stamp.iterations)
  }

  private func content() throws(Problem) -> Content {
    let isCurrent = if case .current = weights.kind { true } else { false }
    switch format.encoding {
    case .safetensors:
      let tail = isCurrent ? weights.layout.headerTail : weights.layout.computeHeaderTail
      return .safetensors(
        metadata: metadata, tail: tail, data: [try RegionSource(weights.values, heldBy: heldVersions)])
    case .json:
      let tensors = isCurrent ? weights.layout.descriptions : weights.layout.computeDescriptions
      return Content(try JSONText.of(tensors, in: weights.values, metadata: metadata))
    }
  }

  /// What the file says of itself; enough to create the same model from it.
  private var metadata: [(String, String)] {
    var metadata = [("format", "pt")]
    switch weights.kind {
    case .current: metadata.append(("kind", "weights"))
    case .averaged(let snapshots):
      metadata.append(("kind", "average"))
      metadata.append(("snapshots", "\(snapshots)"))
    }
    metadata.append(("iteration", "\(weights.stamp.iterations)"))
    metadata.append(("model_epoch", weights.stamp.epoch.description))
    return metadata + weights.layout.creationMetadata
  }
}
