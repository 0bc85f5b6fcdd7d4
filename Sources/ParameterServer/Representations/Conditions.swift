import HTTPServer
import HTTPTypes

/// What makes a GET conditional or partial (RFC 9110, sections 13 and 14). Dates count for nothing: there is no
/// Last-Modified.
struct Conditions: Sendable {
  var ifMatch: EntityTags?
  var ifNoneMatch: EntityTags?
  var range: String?
  var ifRange: String?

  /// No conditions.
  init() {}

  /// Those of a request; Range has a meaning for GET alone.
  init(_ call: Call) {
    ifMatch = call.field(.ifMatch).map { EntityTags($0) }
    ifNoneMatch = call.field(.ifNoneMatch).map { EntityTags($0) }
    guard call.request.head.method == .get else { return }
    range = call.field(.range)
    ifRange = call.field(.ifRange)
  }

  /// Whether there are none, or all speak for the whole.
  var isEmpty: Bool { ifMatch == nil && ifNoneMatch == nil && range == nil }

  /// The part of content that is asked for: all of it when If-Range names other content.
  func part(of byteCount: Int, tag: String) -> RequestedRange {
    guard let range, ifRange.map({ $0[...].trimmed == tag }) ?? true else { return .whole }
    return RequestedRange(range, of: byteCount)
  }
}
