import HTTPServer
import HTTPTypes
import ModelStore
import Tensors

/// One version of weights in one format: its tag, its fields and its bytes.
struct WeightsRepresentation: Sendable {
  /// The most bytes of JSON that go out.
  static let jsonLimit = 16 << 20

  let weights: WeightsVersion
  let format: WeightsFormat
  let heldVersions: HeldVersions

  /// No two different sequences of bytes have the same tag.
  var entityTag: String { Self.entityTag(weights.kind, weights.stamp, format) }

  static func entityTag(_ kind: WeightsVersion.Kind, _ stamp: VersionStamp, _ format: WeightsFormat) -> String {
    let letter = if case .current = kind { "w" } else { "a" }
    let selection = format == .safetensors ? "" : "-\(format.rawValue)"
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
      .modelEpoch: weights.stamp.epoch.description, .cacheControl: "no-cache", .vary: "Accept",
    ]
  }

  private var fileName: String {
    let stem = if case .current = weights.kind { "weights" } else { "average" }
    return "\(stem)-\(weights.stamp.iterations).\(format == .json ? "json" : "safetensors")"
  }

  private func content() throws(Problem) -> Content {
    let isCurrent = if case .current = weights.kind { true } else { false }
    switch format {
    case .safetensors:
      let tail = isCurrent ? weights.layout.headerTail : weights.layout.computeHeaderTail
      let (prefix, paddingCount) = SafetensorsHeader.prefix(metadata: metadata, tailByteCount: tail.count)
      let padding = [UInt8](repeating: UInt8(ascii: " "), count: paddingCount)
      let values = RegionSource(region: weights.values, hold: try heldVersions.hold(weights.values))
      // One piece is one send; only a header of many tensors is worth sending from where it lies.
      if tail.count < 64 << 10 { return Content(prefix + tail + padding, values) }
      return Content(prefix, tail, padding, values)
    case .json:
      let tensors = isCurrent ? weights.layout.descriptions : weights.layout.computeDescriptions
      do {
        let text = try JSONTensors.encode(
          tensors, in: weights.values, member: "variables", metadata: metadata, limit: Self.jsonLimit)
        return Content(text)
      } catch {
        throw .notAcceptable(
          "as JSON these weights are longer than \(Self.jsonLimit) bytes; take safetensors, which has no limit",
          allowed: ["application/octet-stream"])
      }
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

/// A region as content: sent from where it lies, held until it is sent.
struct RegionSource: ByteSource {
  let region: Region
  let hold: HeldVersions.Hold

  var byteCount: Int { region.byteCount }

  func withBytes<R>(in range: Range<Int>, _ body: (Span<UInt8>) throws -> R) rethrows -> R {
    try region.withBytes(in: range, body)
  }
}
