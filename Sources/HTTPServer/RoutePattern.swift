/// A path in which some segments, written `{name}`, stand for any one segment.
struct RoutePattern: Sendable {
  enum Segment: Sendable, Equatable {
    case literal([UInt8])
    case capture(String)
  }

  let template: String
  let segments: [Segment]

  /// The pattern of a template such as `/v1/checkpoints/{id}`.
  init(_ template: String) {
    precondition(template.utf8.first == UInt8(ascii: "/"), "a route begins with /")
    self.template = template
    segments = template.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
      guard $0.first == UInt8(ascii: "{"), $0.last == UInt8(ascii: "}") else { return .literal(Array($0)) }
      return .capture(String(decoding: $0.dropFirst().dropLast(), as: UTF8.self))
    }
  }

  var hasCaptures: Bool {
    segments.contains { if case .capture = $0 { true } else { false } }
  }

  /// The captures of a path in this pattern, percent-decoded after it was split; nil for another path. A captured
  /// segment is never empty, and is UTF-8.
  func captures(_ path: Span<UInt8>) -> [String: String]? {
    guard path.count > 0, path[0] == UInt8(ascii: "/") else { return nil }
    var captures: [String: String] = [:]
    var start = 1
    for (index, segment) in segments.enumerated() {
      guard start <= path.count else { return nil }
      let end = path.firstIndex(of: UInt8(ascii: "/"), in: start..<path.count) ?? path.count
      guard end < path.count || index == segments.count - 1 else { return nil }
      switch segment {
      case .literal(let bytes): guard path.percentDecoded(start..<end) == bytes else { return nil }
      case .capture(let name):
        guard end > start, let bytes = path.percentDecoded(start..<end),
          let text = String(validating: bytes, as: UTF8.self)
        else { return nil }
        captures[name] = text
      }
      start = end + 1
    }
    return start == path.count + 1 ? captures : nil
  }
}
