import FoundationEssentials
import HTTPServer
import HTTPTypes

/// Answers in JSON, which end with a newline.
extension Response {
  /// What `make` gives, or the problem that it throws.
  init(_ make: () throws(Problem) -> Response) {
    do throws(Problem) {
      self = try make()
    } catch {
      self = error.response
    }
  }

  /// An answer of ready JSON text.
  static func json(_ text: String, _ status: HTTPResponse.Status = .ok, fields: FieldLines = [:]) -> Response {
    json(Array(text.utf8), status, fields: fields)
  }

  /// An answer of ready JSON bytes.
  static func json(_ bytes: consuming [UInt8], _ status: HTTPResponse.Status = .ok, fields: FieldLines = [:])
    -> Response
  {
    var fields = fields
    fields.append(.contentType, "application/json")
    bytes.append(UInt8(ascii: "\n"))
    return Response(status, fields: fields, content: Content(bytes))
  }

  /// An answer of a value's JSON, its keys sorted and in snake case.
  static func json(encoding value: some Encodable, fields: FieldLines = [:]) -> Response {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return json(Array(try encoder.encode(value)), fields: fields)
    } catch {
      return Problem.unencodable("\(error)").response
    }
  }
}
