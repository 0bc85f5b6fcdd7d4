internal import HTTPTypes

/// The names of fields that clients send with most requests, so that they need not be checked and made each time.
struct FieldNames {
  private struct Known: Sendable {
    let bytes: [UInt8]
    let name: HTTPField.Name
  }

  /// By length, each in the two spellings that clients use.
  private static let known: [[Known]] = {
    let names: [HTTPField.Name] = [
      .accept, .acceptEncoding, .authorization, .connection, .contentLength, .contentType, .expect, .ifMatch,
      .ifNoneMatch, .transferEncoding, .userAgent,
    ]
    let spellings = names + names.compactMap { HTTPField.Name($0.canonicalName) }
    let longest = names.map(\.rawName.utf8.count).max() ?? 0
    return (0...longest).map { count in
      spellings.filter { $0.rawName.utf8.count == count }.map { Known(bytes: Array($0.rawName.utf8), name: $0) }
    }
  }()

  /// The name in `range`, whose bytes are those of a token.
  static func name(_ bytes: Span<UInt8>, in range: Range<Int>) -> HTTPField.Name? {
    if range.count < known.count {
      let text = bytes.extracting(range)
      for candidate in known[range.count] where text.begins(with: candidate.bytes.span) { return candidate.name }
    }
    return bytes.text(in: range).flatMap { HTTPField.Name($0) }
  }
}
