import ModelStore

/// The value of If-Match or If-None-Match: any, or a list of entity tags (RFC 9110, section 13.1).
struct EntityTags: Sendable {
  /// Whether the value is `*`.
  let isAny: Bool
  /// The tags with their quotes, without `W/`.
  fileprivate var tags: [(text: Substring, isWeak: Bool)] = []

  /// Reads the field's value; what is no entity tag in it, such as one behind `w/`, is passed over.
  init(_ value: String) {
    isAny = value[...].trimmed == "*"
    var rest = value[...]
    while let start = rest.firstIndex(of: "\"") {
      let mark = rest[..<start].drop { $0 == "," || $0 == " " || $0 == "\t" }
      guard let end = rest[rest.index(after: start)...].firstIndex(of: "\"") else { return }
      if mark.isEmpty || mark == "W/" { tags.append((rest[start...end], isWeak: !mark.isEmpty)) }
      rest = rest[rest.index(after: end)...]
    }
  }

  /// Whether a tag is among them by weak comparison: `W/` makes no difference.
  func containsWeakly(_ tag: String) -> Bool {
    isAny || tags.contains { $0.text == tag }
  }

  /// Whether a strong tag is among them by strong comparison: none with `W/` is the same.
  func containsStrongly(_ tag: String) -> Bool {
    isAny || tags.contains { $0.text == tag && !$0.isWeak }
  }

  /// Whether a tag of this version, whatever its selection, is among them, by strong comparison or by weak.
  func containsAny(of version: WeightsTag, weakly: Bool = false) -> Bool {
    isAny || tags.contains { (weakly || !$0.isWeak) && version.isOf($0.text) }
  }
}

extension EntityTags {
  /// The current weights that tags name, in whatever format, by strong comparison: a weak tag, and one of averages, names
  /// none. Nil for `*`.
  var weights: [WeightsIdentity]? {
    isAny ? nil : tags.compactMap { $0.isWeak ? nil : WeightsIdentity(entityTag: $0.text) }
  }
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
