import HTTPServer
import HTTPTypes
import ModelStore

extension Call {
  /// Refuses to change what If-Match does not name, or what If-None-Match does (RFC 9110, section 13.2.2); `present` is
  /// what there is now.
  func requirePreconditions(for present: WeightsTag?) throws(Problem) {
    if let value = fields[.ifMatch] {
      guard let present, EntityTags(value).containsAny(of: present) else {
        throw .preconditionFailed(
          "If-Match does not name what is here, which is \(present.map { $0.text() } ?? "nothing")")
      }
    }
    if let value = fields[.ifNoneMatch], let present, EntityTags(value).containsAny(of: present, weakly: true) {
      throw .preconditionFailed("If-None-Match names what is here, which is \(present.text())")
    }
  }

  /// Refuses a PUT of a part of something (RFC 9110, section 14.5).
  func refusePartialPut() throws(Problem) {
    guard request.head.method == .put, let range = fields[.contentRange] else { return }
    throw .invalidHeader(.contentRange, expected: "absent, as only the whole can be put", came: range)
  }
}
