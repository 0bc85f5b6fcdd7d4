import HTTPServer
import HTTPTypes
import ModelStore

extension Call {
  /// Refuses to change what If-Match does not name, or what If-None-Match does.
  func preconditions(
    on present: @escaping @Sendable (ModelStatus) -> [WeightsTag]?
  ) throws(Problem) -> Preconditions {
    let preconditions = Preconditions(
      ifMatch: fields[.ifMatch].map { EntityTags($0) }, ifNoneMatch: fields[.ifNoneMatch].map { EntityTags($0) },
      present: present)
    if let failure = preconditions.failure(at: model.status) { throw failure }
    return preconditions
  }

  /// Refuses a PUT of a part of something (RFC 9110, section 14.5).
  func refusePartialPut() throws(Problem) {
    guard request.head.method == .put, let range = fields[.contentRange] else { return }
    throw .invalidHeader(.contentRange, expected: "absent, as only the whole can be put", came: range)
  }
}
