import HTTPServer
import HTTPTypes
import ModelStore

/// The problems that the application answers with, by name.
extension Problem {
  static func notFound(_ detail: String) -> Problem {
    Problem("not-found", title: "Not found", status: .notFound, detail: detail)
  }

  static func methodNotAllowed(_ method: HTTPRequest.Method, path: String, allow: [String]) -> Problem {
    Problem(
      "method-not-allowed", title: "Method not allowed", status: .methodNotAllowed,
      detail: "\(path.escaped) has no \(method.rawValue.escaped); it has \(allow.joined(separator: ", "))",
      members: [("allowed", .strings(allow))], fields: .allow(allow))
  }

  static func unknownParameter(_ name: String, known: [String], detail: String) -> Problem {
    let list = known.isEmpty ? "this resource has none" : "it has " + known.joined(separator: ", ")
    return Problem(
      "unknown-parameter", title: "Unknown or repeated query parameter", status: .badRequest,
      detail: "the query parameter '\(name.escaped)' \(detail); \(list)",
      members: [("field", .string(String(name.escaped))), ("allowed", .strings(known))])
  }

  static func invalidParameter(_ name: String, expected: String, came: String) -> Problem {
    Problem(
      "unknown-parameter", title: "Invalid query parameter", status: .badRequest,
      detail: "the query parameter '\(name)' must be \(expected), got '\(came.escaped)'",
      members: [("field", .string(name))])
  }

  static func invalidHeader(_ name: HTTPField.Name, expected: String, came: String) -> Problem {
    Problem(
      "invalid-header", title: "Invalid header field", status: .badRequest,
      detail: "\(name.rawName) must be \(expected), got '\(came.escaped)'",
      members: [("field", .string(name.rawName))])
  }

  static func missingHeaders(_ names: [HTTPField.Name], why: String) -> Problem {
    let list = names.map(\.rawName).joined(separator: " and ")
    return Problem(
      "invalid-header", title: "Missing header field", status: .badRequest, detail: "\(why) needs \(list)",
      members: [("field", .string(list))])
  }

  static func misdirected(host: String) -> Problem {
    Problem(
      "misdirected", title: "Misdirected request", status: .misdirectedRequest,
      detail: "this server does not answer as '\(host.escaped)'; allow the name with --allowed-host",
      members: [("field", .string("Host"))])
  }

  /// `error` is the code of RFC 6750, section 3.1, for a token that was sent.
  static func unauthorized(_ detail: String, error: String? = nil) -> Problem {
    let challenge = "Bearer realm=\"swa-server\"" + (error.map { ", error=\"\($0)\"" } ?? "")
    return Problem(
      "unauthorized", title: "Not authorized", status: .unauthorized, detail: detail,
      members: [("field", .string("Authorization"))], fields: [.wwwAuthenticate: challenge])
  }

  static func forbidden(role: Role, needed: Role) -> Problem {
    Problem(
      "forbidden", title: "Forbidden for this role", status: .forbidden,
      detail: "this takes role \(needed); the role here is \(role)",
      members: [("allowed", .strings(Role.ofTokens.filter { $0 >= needed }.map(\.description)))])
  }

  static func forbiddenOrigin(_ detail: String) -> Problem {
    Problem("forbidden-origin", title: "Forbidden for pages of other sites", status: .forbidden, detail: detail)
  }

  static func busy(_ detail: String) -> Problem {
    Problem(
      "busy", title: "Busy", status: .serviceUnavailable, detail: detail, fields: [.retryAfter: "1"])
  }

  static func unsupportedMediaType(_ detail: String, allowed: [String]) -> Problem {
    Problem(
      "unsupported-media-type", title: "Unsupported media type", status: .unsupportedMediaType, detail: detail,
      members: [("allowed", .strings(allowed))], fields: [.accept: allowed.joined(separator: ", ")])
  }

  /// RFC 9110, section 15.5.16: what is refused for its coding is told which codings there are.
  static func unsupportedCoding(_ coding: String) -> Problem {
    var problem = unsupportedMediaType(
      "Content-Encoding is '\(coding.escaped)'; only identity is taken", allowed: ["identity"])
    problem.fields = [.acceptEncoding: "identity"]
    return problem
  }

  static func notAcceptable(_ detail: String, allowed: [String]) -> Problem {
    Problem(
      "not-acceptable", title: "Not acceptable", status: .notAcceptable, detail: detail,
      members: [("allowed", .strings(allowed))])
  }

  static func noSuchRow(of variable: String, detail: String) -> Problem {
    Problem(
      "index-out-of-range", title: "No such row", status: .notFound,
      detail: "rows of '\(variable.escaped)': \(detail)",
      members: [("variable", .string(variable.escaped)), ("field", .string("rows"))])
  }

  static func rangeNotSatisfiable(_ range: String, byteCount: Int) -> Problem {
    Problem(
      "invalid-header", title: "Range not satisfiable", status: .rangeNotSatisfiable,
      detail: "Range is '\(range.escaped)', and there are \(byteCount) bytes",
      members: [("field", .string("Range"))], fields: [.contentRange: "bytes */\(byteCount)"])
  }

  static func malformedBody(_ detail: String) -> Problem {
    Problem("malformed-body", title: "Malformed body", status: .badRequest, detail: detail)
  }

  static func preconditionFailed(_ detail: String, field: HTTPField.Name = .ifMatch) -> Problem {
    Problem(
      "precondition-failed", title: "Precondition failed", status: .preconditionFailed, detail: detail,
      members: [("field", .string(field.rawName))])
  }

  static var preconditionRequired: Problem {
    Problem(
      "precondition-required", title: "Precondition required", status: .preconditionRequired,
      detail: "If-Match is missing: name the averages that the values were computed for, by their ETag",
      members: [("field", .string("If-Match"))])
  }

  static func unencodable(_ detail: String) -> Problem {
    Problem("internal", title: "Internal error", status: .internalServerError, detail: detail)
  }

  static var recovering: Problem {
    Problem(
      "recovering", title: "Recovering", status: .serviceUnavailable,
      detail: "the server is reading its data directory; /readyz says when it is done", fields: [.retryAfter: "1"])
  }

  static func fullDisk(_ detail: String) -> Problem {
    Problem(
      "full-disk", title: "The disk is full",
      status: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"),
      detail: "the data directory has no room for this (\(detail)); nothing was changed")
  }

  static func journalFailed(_ detail: String) -> Problem {
    Problem(
      "journal-failed", title: "The journal failed", status: .serviceUnavailable,
      detail: "the journal can't be written, so nothing can be changed until the server is restarted: \(detail)",
      fields: [.retryAfter: "10"])
  }

  static func checkpointFailed(_ detail: String) -> Problem {
    Problem(
      "internal", title: "Internal error", status: .internalServerError,
      detail: "the checkpoint could not be written: \(detail)")
  }

  static func unreadableCheckpoint(_ id: String, _ detail: String) -> Problem {
    Problem(
      "internal", title: "Internal error", status: .internalServerError,
      detail: "the checkpoint \(id) can't be read: \(detail)")
  }

  static func noCheckpoint(_ id: String) -> Problem {
    Problem(
      "no-checkpoint", title: "No such checkpoint", status: .notFound,
      detail: "no checkpoint that is kept has the id '\(id.escaped)'; GET /v1/checkpoints lists them")
  }

  static var noDataDirectory: Problem {
    Problem(
      "no-data-dir", title: "No data directory", status: .conflict,
      detail: "the model is kept in memory alone; start the server with --data-dir")
  }

  /// A change was answered with what another does.
  static func mismatched(_ outcome: Outcome) -> Problem {
    Problem("internal", title: "Internal error", status: .internalServerError, detail: "the outcome was \(outcome)")
  }

  /// There is no model: 404 for what would be read or removed, 409 for what needs one to change.
  static func noModel(_ status: HTTPResponse.Status) -> Problem {
    Problem(
      "no-model", title: "No model yet", status: status,
      detail: "there is no model yet; PUT /v1/weights creates it")
  }

  /// There is no average: 404 for what would be read or removed, 409 for what needs one to change.
  static func noAverage(_ status: HTTPResponse.Status) -> Problem {
    Problem(
      "no-average-yet", title: "No average yet", status: status,
      detail: "no snapshot was taken yet; next_snapshot_at in /v1/status says when the first one will be")
  }
}
