internal import HTTPTypes

extension Problem {
  /// The problem as an answer in `application/problem+json`.
  public var response: Response {
    var text = JSONText()
    text.add("type", .string("/problems/\(name)"))
    text.add("title", .string(title))
    text.add("status", .integer(status.code))
    text.add("detail", .string(detail))
    for member in members { text.add(member.name, member.value) }
    text.end()
    var fields = FieldLines(fields)
    fields.append(.contentType, "application/problem+json")
    return Response(status, fields: fields, content: Content(text.bytes))
  }
}
