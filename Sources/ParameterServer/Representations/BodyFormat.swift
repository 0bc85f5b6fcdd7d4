import HTTPServer
import HTTPTypes
import Tensors

/// The formats in which tensors come in.
enum BodyFormat: Sendable {
  /// A file of this format; nil for the one that its first bytes tell.
  case file(TensorFileFormat?)
  case json

  /// The most bytes of JSON that come in.
  static let jsonLimit = 16 << 20
  static let jsonLimitReason = "the most that is taken as JSON; send safetensors, which has no such limit"
  static let fileTypes = [
    "application/octet-stream", "application/x-safetensors", "application/x-npz", "application/zip",
  ]

  /// The format that a request says it has; a file whose first bytes tell when it says nothing.
  init(_ call: Call) throws(Problem) {
    try Self.requireIdentity(call)
    let type = Self.mediaType(call)
    if type == "application/json" {
      self = .json
    } else {
      self = .file(try Self.fileFormat(type, allowed: Self.fileTypes + ["application/json"]))
    }
  }

  /// The format of a file that a request says it has, where nothing else is taken; nil for the one that its first bytes tell.
  static func file(_ call: Call) throws(Problem) -> TensorFileFormat? {
    try requireIdentity(call)
    return try fileFormat(mediaType(call), allowed: fileTypes)
  }

  private static func fileFormat(
    _ type: String?, allowed: @autoclosure () -> [String]
  ) throws(Problem) -> TensorFileFormat? {
    switch type {
    case nil, "application/octet-stream": nil
    case "application/x-safetensors": .safetensors
    case "application/x-npz", "application/zip": .npz
    case let type?: throw unsupported(type, allowed: allowed())
    }
  }

  /// Refuses all but JSON; without a content type only what is allowed to be empty passes.
  static func requireJSON(
    _ call: Call, mayBeEmpty: Bool = false, alternatives: [String] = []
  ) throws(Problem) {
    try requireIdentity(call)
    let allowed = ["application/json"] + alternatives
    guard let type = mediaType(call) else {
      if mayBeEmpty || call.request.framing != .none { return }
      throw unsupported("none", allowed: allowed)
    }
    guard allowed.contains(type) else { throw unsupported(type, allowed: allowed) }
  }

  private static func requireIdentity(_ call: Call) throws(Problem) {
    if let coding = call.field(.contentEncoding), coding.lowercased() != "identity" {
      throw .unsupportedCoding(coding)
    }
  }

  private static func mediaType(_ call: Call) -> String? {
    guard let value = call.field(.contentType) else { return nil }
    // What every push says, before it is taken apart.
    if value == "application/octet-stream" { return value }
    return value.split(separator: ";").first?.trimmed.lowercased()
  }

  private static func unsupported(_ type: String, allowed: [String]) -> Problem {
    let isFromForm =
      type == "application/x-www-form-urlencoded" || type.hasPrefix("multipart/") || type.hasPrefix("text/")
    let hint =
      isFromForm ? "use -T FILE, or add -H 'Content-Type: \(allowed[0])'" : "send \(allowed.joined(separator: ", "))"
    return .unsupportedMediaType("Content-Type is '\(type.escaped)'; \(hint)", allowed: allowed)
  }
}
