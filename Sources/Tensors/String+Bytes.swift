/// Parts of names, by bytes: for `String` itself a character may join its neighbour and be no prefix or suffix any more,
/// such as the "/" of "/" and a combining accent.
extension String {
  /// What stands behind a prefix; nil for a text without it.
  package func dropping(prefix: String) -> String? {
    guard utf8.starts(with: prefix.utf8) else { return nil }
    return String(decoding: utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
  }

  /// What stands in front of a suffix; nil for a text without it.
  package func dropping(suffix: String) -> String? {
    guard utf8.reversed().starts(with: suffix.utf8.reversed()) else { return nil }
    return String(decoding: utf8.dropLast(suffix.utf8.count), as: UTF8.self)
  }
}
