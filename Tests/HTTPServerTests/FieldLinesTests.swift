import HTTPTypes
import Testing

@testable import HTTPServer

@Suite struct FieldLinesTests {
  @Test func aLineForEachField() {
    var lines = FieldLines([.eTag: "\"a: b\"", .contentType: "text/plain", .vary: ""])
    lines.append(.age, -10)
    lines.append(.location, "/naïve")
    #expect(
      String(decoding: lines.bytes, as: UTF8.self)
        == "ETag: \"a: b\"\r\nContent-Type: text/plain\r\nVary: \r\nAge: -10\r\nLocation: /naïve\r\n")
  }

  @Test func aValueCannotEndItsLine() {
    let lines: FieldLines = [.location: "/a\r\nSet-Cookie: b\u{0}"]
    #expect(String(decoding: lines.bytes, as: UTF8.self) == "Location: /a  Set-Cookie: b \r\n")
  }
}
