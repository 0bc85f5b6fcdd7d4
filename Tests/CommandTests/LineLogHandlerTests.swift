import FoundationEssentials
import Logging
import Testing

@testable import swa_server

@Suite struct LineLogHandlerTests {
  private let time = Date(timeIntervalSince1970: 1_795_521_600.125)
  private let timeText = "2026-11-24T12:00:00.125Z"

  private func event(_ message: Logger.Message, _ metadata: Logger.Metadata? = nil) -> LogEvent {
    LogEvent(level: .info, message: message, metadata: metadata, source: nil, file: "f", function: "g", line: 1)
  }

  @Test func textIsTimeLevelMessageAndSortedPairs() {
    let line = LineLogHandler(level: .info, format: .text).line(
      for: event("stopped", ["seconds": "1.5", "grace": "20"]), at: time)
    #expect(line == "\(timeText) info stopped grace=20 seconds=1.5\n")
  }

  @Test func textQuotesWhatWouldBeAmbiguous() {
    let line = LineLogHandler(level: .info, format: .text).line(
      for: event("m", ["a": "two words", "b": "x=y", "c": "", "d": #"say "hi"\"#]), at: time)
    #expect(line == timeText + #" info m a="two words" b="x=y" c="" d="say \"hi\"\\""# + "\n")
  }

  @Test(arguments: [LogFormat.text, .json])
  func nothingStartsASecondLine(format: LogFormat) {
    let hostile = "a\nb\r\u{0}\u{1B}[31m\u{7F}\u{85}\u{2028}"
    let line = LineLogHandler(level: .info, format: format).line(
      for: event("\(hostile)", ["\(hostile)": "\(hostile)"]), at: time)
    #expect(line.last == "\n")
    #expect(line.dropLast().allSatisfy { !$0.isNewline })
    #expect(line.dropLast().unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    #expect(line.contains(#"a\nb\r\u0000\u001b[31m\u007f\u0085\u2028"#))
  }

  @Test func jsonReadsBack() throws {
    struct Line: Decodable, Equatable {
      var time: String
      var level: String
      var message: String
      var metadata: [String: String]?
    }
    let handler = LineLogHandler(level: .info, format: .json)
    let text = "quote \" slash \\ tab \t é 🙂 \u{1}"
    let line = handler.line(for: event("\(text)", ["path": "\(text)"]), at: time)
    let read = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
    #expect(read == Line(time: timeText, level: "info", message: text, metadata: ["path": text]))
    #expect(handler.line(for: event("m"), at: time) == #"{"time":"\#(timeText)","level":"info","message":"m"}"# + "\n")
  }

  @Test func eventMetadataWinsOverTheLoggers() {
    var handler = LineLogHandler(level: .info, format: .text)
    handler[metadataKey: "a"] = "1"
    handler[metadataKey: "b"] = "2"
    #expect(handler.line(for: event("m", ["b": "3"]), at: time).hasSuffix("info m a=1 b=3\n"))
  }
}
