import HTTPServer
import HTTPTypes
import ModelStore

/// What a request wants to change, by its entity tags (RFC 9110, section 13.2.2): judged on the head, and again when the
/// change is applied.
struct Preconditions: Sendable {
  let ifMatch: EntityTags?
  let ifNoneMatch: EntityTags?
  /// The tags of what is there, none where it has no tag; nil where nothing is.
  let present: @Sendable (ModelStatus) -> [WeightsTag]?

  /// Whether the change may be applied to a model as it is; nil when it may be applied to any.
  var hold: (@Sendable (ModelStatus) -> Bool)? {
    guard ifMatch != nil || ifNoneMatch != nil else { return nil }
    return { status in failure(at: status) == nil }
  }

  /// What is wrong with changing a model as it is.
  func failure(at status: ModelStatus) -> Problem? {
    guard ifMatch != nil || ifNoneMatch != nil else { return nil }
    let tags = present(status)
    if let ifMatch, !(tags.map { ifMatch.containsAny(of: $0) } ?? false) { return .ifMatchFailed(present: tags) }
    if let ifNoneMatch, let tags, ifNoneMatch.containsAny(of: tags, weakly: true) {
      return .preconditionFailed("If-None-Match names what is here\(Problem.naming(tags))", field: .ifNoneMatch)
    }
    return nil
  }
}

extension EntityTags {
  /// Whether something with these tags is among what is named: with `*` also what has none.
  fileprivate func containsAny(of tags: [WeightsTag], weakly: Bool = false) -> Bool {
    isAny || tags.contains { containsAny(of: $0, weakly: weakly) }
  }
}

extension Problem {
  /// If-Match does not name what is there; nil for nothing.
  static func ifMatchFailed(present tags: [WeightsTag]?) -> Problem {
    .preconditionFailed("If-Match does not name what is here\(tags.map(naming) ?? ", which is nothing")")
  }

  fileprivate static func naming(_ tags: [WeightsTag]) -> String {
    tags.isEmpty ? ", which has no entity tag" : ", which is " + tags.map { $0.text() }.joined(separator: " or ")
  }
}
