import Testing

@testable import HTTPServer

@Suite struct ChunkedDecoderTests {
  /// The data of a body shown in pieces that end at `stops`, then what is left behind its end, or how it ended.
  private static func decode(_ bytes: [UInt8], stops: [Int]) -> String {
    var decoder = ChunkedDecoder()
    var data: [UInt8] = []
    var place = 0
    for stop in stops {
      while place < stop, !decoder.isAtEnd {
        if decoder.dataLeft > 0 {
          let count = min(decoder.dataLeft, stop - place)
          data += bytes[place..<(place + count)]
          decoder.take(count)
          place += count
        } else {
          do throws(ChunkedDecoder.Failure) {
            place += try decoder.readFraming(bytes.span.extracting(place..<stop))
          } catch {
            return "\(error)"
          }
        }
      }
    }
    let text = String(decoding: data, as: UTF8.self)
    return decoder.isAtEnd ? "\(text)|\(bytes.count - place)" : "\(text) more"
  }

  @Test(arguments: [
    ("5\r\nhello\r\n0\r\n\r\n", "hello|0"),
    ("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET", "hello world|3"),
    ("000A;a=\"b;c\"\r\n0123456789\r\n0;x\r\n\r\n", "0123456789|0"),
    ("3 \t;a\r\nabc\r\n0\r\n\r\n", "abc|0"),
    ("0\r\nA: b\r\nC: d\r\n\r\n", "|0"),
    ("0\r\nA:\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "|0"),
    ("3;a;b=c ; d = \"e \\\"f\u{e4}\"\t;g=\"\"\r\nabc\r\n0 ;x=y\r\n\r\n", "abc|0"),
    ("1\r\n\n\r\n0\r\n\r\n", "\n|0"),
    ("5\r\nhel", "hel more"),
    ("x\r\n", "invalidSize"), ("\r\n", "invalidSize"), ("-1\r\n", "invalidSize"), ("0x5\r\n", "invalidSize"),
    ("5 \r\n", "invalidExtension"), (" 5\r\n", "invalidSize"), ("5\nhello", "invalidSize"),
    ("ffffffffffffffffff\r\n", "sizeTooLarge"),
    ("5;\r\n", "invalidExtension"), ("5;;a\r\n", "invalidExtension"), ("5;a;\r\n", "invalidExtension"),
    ("5;=a\r\n", "invalidExtension"), ("5;a=\r\n", "invalidExtension"), ("5;a=b=c\r\n", "invalidExtension"),
    ("5;a b\r\n", "invalidExtension"), ("5;a=b c\r\n", "invalidExtension"), ("5;a \r\n", "invalidExtension"),
    ("5;a=\"b\r\n", "invalidExtension"), ("5;a=\"b\\\r\n", "invalidExtension"), ("5;a=\"b\"c\r\n", "invalidExtension"),
    ("5;a@\r\n", "invalidExtension"), ("5,a\r\n", "invalidSize"), ("1_0\r\n", "invalidSize"),
    ("5;a\nb\r\nhello", "invalidExtension"), ("5;\u{0}\r\nhello", "invalidExtension"),
    ("5;" + String(repeating: "a", count: 2000), "lineTooLong"),
    (String(repeating: "1;\(String(repeating: "a", count: 1000))\r\nx\r\n", count: 70), "tooMuchFraming"),
    (String(repeating: "0", count: 2000), "lineTooLong"),
    ("5\r \nhello", "missingLineEnd"), ("5\r\nhello\n0\r\n\r\n", "missingLineEnd"),
    ("5\r\nhello1\r\n", "missingLineEnd"), ("5\r\nhello\r0\r\n", "missingLineEnd"),
    ("0\r\n" + String(repeating: "A: b\r\n", count: 2000), "trailersTooLong"),
    ("0\r\nA\r\n\r\n", "invalidTrailer"), ("0\r\nA : b\r\n\r\n", "invalidTrailer"),
    ("0\r\n: b\r\n\r\n", "invalidTrailer"),
    ("0\r\nA: b\r\n c\r\n\r\n", "invalidTrailer"), ("0\r\nA: \u{0}\r\n\r\n", "invalidTrailer"),
    ("0\r\nA: b\n\r\n", "invalidTrailer"), ("0\r\n\rx", "invalidTrailer"), ("0\r\nA: b\rx", "invalidTrailer"),
  ])
  func bodiesAreTakenApartAtEverySplit(_ wire: String, _ expected: String) {
    let bytes = Array(wire.utf8)
    let step = bytes.count > 200 ? max(131, bytes.count / 50) : 1
    for split in stride(from: 0, through: bytes.count, by: step) {
      #expect(Self.decode(bytes, stops: [split, bytes.count]) == expected)
    }
    #expect(Self.decode(bytes, stops: Array(0...bytes.count)) == expected)
  }
}
