import HTTPTypes
import Testing

@testable import HTTPServer

@Suite struct FieldLinesTests {
  @Test func linesAreReadBackAsTheFieldsThatTheyWereMadeOf() {
    let fields: HTTPFields = [.eTag: "\"a: b\"", .contentType: "text/plain", .vary: ""]
    #expect(
      String(decoding: FieldLines(fields).bytes, as: UTF8.self)
        == "ETag: \"a: b\"\r\nContent-Type: text/plain\r\nVary: \r\n")
    #expect(FieldLines(fields).fields == fields)
  }

  @Test func aFieldThatIsSetJoinsTheLines() {
    var lines = FieldLines([.contentType: "text/plain"])
    lines.append(.age, -10)
    var response = Response(.ok, lines: lines)
    response.fields[.allow] = "GET"
    #expect(response.fields == [.contentType: "text/plain", .age: "-10", .allow: "GET"])
  }
}
