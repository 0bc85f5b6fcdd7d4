import ModelStore

/// The value of If-Match or If-None-Match: any, or a list of entity tags (RFC 9110, section 13.1).
struct EntityTags: Sendable {
  /// Whether the value is `*`.
  let isAny: Bool
  fileprivate let tags: [Substring]

  /// Reads the field's value.
  init(_ value: String) {
    isAny = value.split(separator: ",").map(\.trimmed) == ["*"]
    tags = value.split(separator: ",").map(\.trimmed)
  }

  /// Whether a tag is among them, by weak comparison: `W/` makes no difference.
  func contains(_ tag: String) -> Bool {
    isAny || tags.contains { ($0.hasPrefix("W/") ? $0.dropFirst(2) : $0) == tag }
  }
}

extension EntityTags {
  /// The current weights that tags name, in whatever format, by strong comparison: a weak tag, and one of averages, names
  /// none. Nil for `*`.
  var weights: [WeightsIdentity]? { isAny ? nil : tags.compactMap { WeightsIdentity(entityTag: $0) } }
}

extension WeightsIdentity {
  /// The weights of a tag, `"EPOCH-wVERSION"` with or without `-SELECTION`.
  fileprivate init?(entityTag tag: Substring) {
    guard tag.count >= 2, tag.first == "\"", tag.last == "\"" else { return nil }
    let parts = tag.dropFirst().dropLast().split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count >= 2, parts[1].first == "w", let version = Int(parts[1].dropFirst()), "w\(version)" == parts[1]
    else { return nil }
    self.init(epoch: Epoch(String(parts[0])), version: version)
  }
}
