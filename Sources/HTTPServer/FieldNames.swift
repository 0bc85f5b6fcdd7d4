internal import HTTPTypes

/// The names of fields that clients send with most requests, so that they need not be checked and made each time.
struct FieldNames {
  private struct Known: Sendable {
    let lowercased: [UInt8]
    let name: HTTPField.Name
  }

  /// By length.
  private static let known: [[Known]] = {
    let names: [HTTPField.Name] = [
      .accept, .acceptEncoding, .authorization, .connection, .contentLength, .contentType, .expect, .ifMatch,
      .ifNoneMatch, .transferEncoding, .userAgent,
    ]
    let longest = names.map(\.canonicalName.utf8.count).max() ?? 0
    return (0...longest).map { count in
      names.filter { $0.canonicalName.utf8.count == count }
        .map { Known(lowercased: Array($0.canonicalName.utf8), name: $0) }
    }
  }()

  /// The name in `range`, whose bytes are those of a token.
  static func name(_ bytes: Span<UInt8>, in range: Range<Int>) -> HTTPField.Name? {
    if range.count < known.count {
      for candidate in known[range.count] where bytes.matches(candidate.lowercased.span, in: range) {
        return candidate.name
      }
    }
    return bytes.text(in: range).flatMap { HTTPField.Name($0) }
  }
}
