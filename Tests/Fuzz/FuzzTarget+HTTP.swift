@testable import HTTPServer
import HTTPTypes

/// Heads and chunked bodies: whole or in pieces, they must be read as the same.
extension FuzzTarget {
  static func head(_ input: [UInt8]) {
    let whole = headOutcome(input, stops: [input.count])
    precondition(headOutcome(input, stops: [input.count / 2, input.count]) == whole)
    precondition(headOutcome(input, stops: Array(0...input.count)) == whole)
  }

  /// What a parser says of ever longer prefixes: the end of the head and its framing, or what is wrong.
  private static func headOutcome(_ input: [UInt8], stops: [Int]) -> String {
    var parser = HeadParser(maximumBytes: 2048)
    for stop in stops {
      switch parser.parse(input.span.extracting(0..<stop)) {
      case .needMore: continue
      case .failure(let error, let isHead): return "\(error) \(isHead)"
      case .head(let head, let count):
        precondition(count <= stop)
        let request = head.request
        return
          "\(count) \(request.head.method) \(request.path) \(request.query ?? "-") \(request.framing) \(head.closes)"
      }
    }
    return "more"
  }

  static func chunks(_ input: [UInt8]) {
    let whole = content(input, stops: [input.count])
    precondition(content(input, stops: [input.count / 2, input.count]) == whole)
    precondition(content(input, stops: Array(0...input.count)) == whole)
  }

  /// The data, and where the body ended or what is wrong with it; what was read before an error does not count.
  private static func content(_ input: [UInt8], stops: [Int]) -> [UInt8] {
    var decoder = ChunkedDecoder()
    var data: [UInt8] = []
    var place = 0
    do {
      for stop in stops {
        while place < stop, !decoder.isAtEnd {
          if decoder.dataLeft > 0 {
            let count = min(decoder.dataLeft, stop - place)
            data += input[place..<place + count]
            decoder.take(count)
            place += count
          } else {
            let count = try decoder.readFraming(input.span.extracting(place..<stop))
            precondition(count > 0)
            place += count
          }
        }
      }
    } catch {
      return Array("\(error)".utf8)
    }
    return data + Array("\(place) \(decoder.isAtEnd)".utf8)
  }
}
