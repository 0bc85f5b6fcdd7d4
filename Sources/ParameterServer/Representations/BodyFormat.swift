import HTTPServer
import HTTPTypes

/// The formats in which tensors come in.
enum BodyFormat: Sendable {
  case safetensors
  case json

  /// The most bytes of JSON that come in.
  static let jsonLimit = 16 << 20
  private static let tensorTypes = ["application/octet-stream", "application/x-safetensors", "application/json"]

  /// The format that a request says it has; safetensors when it says nothing.
  init(_ call: Call) throws(Problem) {
    try Self.requireIdentity(call)
    // What every push says, before it is taken apart.
    if call.field(.contentType) == "application/octet-stream" {
      self = .safetensors
      return
    }
    switch Self.mediaType(call) {
    case nil, "application/octet-stream", "application/x-safetensors": self = .safetensors
    case "application/json": self = .json
    case let type?: throw Self.unsupported(type, allowed: Self.tensorTypes)
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
    call.field(.contentType)?.split(separator: ";").first?.trimmed.lowercased()
  }

  private static func unsupported(_ type: String, allowed: [String]) -> Problem {
    let isFromForm =
      type == "application/x-www-form-urlencoded" || type.hasPrefix("multipart/") || type.hasPrefix("text/")
    let hint =
      isFromForm ? "use -T FILE, or add -H 'Content-Type: \(allowed[0])'" : "send \(allowed.joined(separator: ", "))"
    return .unsupportedMediaType("Content-Type is '\(type.escaped)'; \(hint)", allowed: allowed)
  }
}
