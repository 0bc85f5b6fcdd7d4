/// The value of If-Match or If-None-Match: any, or a list of entity tags (RFC 9110, section 13.1).
struct EntityTags: Sendable {
  /// Whether the value is `*`.
  let isAny: Bool
  private let tags: [Substring]

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
