import HTTPServer
import HTTPTypes

/// One representation of a resource: its tag, its fields, and its bytes, which are made when they are wanted.
struct Representation: Sendable {
  /// A strong tag with its quotes: no two different sequences of bytes have the same.
  let entityTag: String
  /// Fields that go with a 304 too, the tag aside.
  let fields: FieldLines
  let mediaType: String
  let fileName: String
  /// Whether parts can be asked for.
  let hasRanges: Bool
  let content: @Sendable () throws(Problem) -> Content

  /// The answer to a GET, its conditions judged in the order of RFC 9110, section 13.2.2.
  func response(to conditions: Conditions) -> Response {
    if let tags = conditions.ifMatch, !tags.containsStrongly(entityTag) {
      return Problem.preconditionFailed("If-Match does not name what is here, which is \(entityTag)").response
    }
    if let tags = conditions.ifNoneMatch, tags.containsWeakly(entityTag) {
      return Response(.notModified, fields: taggedFields)
    }
    return Response { () throws(Problem) in try selected(by: conditions) }
  }

  private func selected(by conditions: Conditions) throws(Problem) -> Response {
    let whole = try content()
    var fields = taggedFields
    fields.append(.contentType, mediaType)
    fields.append(.contentDisposition, "attachment; filename=\"\(fileName)\"")
    fields.append(.acceptRanges, hasRanges ? "bytes" : "none")
    let part = hasRanges ? conditions.part(of: whole.byteCount, tag: entityTag) : .whole
    switch part {
    case .whole: return Response(.ok, fields: fields, content: whole)
    case .part(let range):
      fields.append(.contentRange, "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(whole.byteCount)")
      return Response(.partialContent, fields: fields, content: whole.part(range))
    case .unsatisfiable: throw .rangeNotSatisfiable(conditions.range ?? "", byteCount: whole.byteCount)
    }
  }

  private var taggedFields: FieldLines {
    var fields = fields
    fields.append(.eTag, entityTag)
    return fields
  }
}
