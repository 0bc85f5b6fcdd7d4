import FoundationEssentials
import HTTPServer
import HTTPTypes

/// Answers in JSON, which end with a newline.
extension Response {
  /// An answer of ready JSON text.
  static func json(_ text: String, _ status: HTTPResponse.Status = .ok, fields: HTTPFields = [:]) -> Response {
    json(Array(text.utf8), status, fields: fields)
  }

  /// An answer of ready JSON bytes.
  static func json(_ bytes: [UInt8], _ status: HTTPResponse.Status = .ok, fields: HTTPFields = [:]) -> Response {
    var fields = fields
    fields[.contentType] = "application/json"
    return Response(status, fields: fields, content: Content(bytes + [UInt8(ascii: "\n")]))
  }

  /// An answer of a value's JSON, its keys sorted.
  static func json(encoding value: some Encodable, fields: HTTPFields = [:]) -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return json(Array(try encoder.encode(value)), fields: fields)
    } catch {
      return Problem.unencodable("\(error)").response
    }
  }
}
