/// The tokens that a server knows by their digests, as lines `ROLE:SHA256-OF-TOKEN[:LABEL]`.
public struct TokenTable: Sendable {
  /// One line.
  struct Entry: Sendable {
    let role: Role
    let digest: [UInt8]
    let line: Int
  }

  private static let digestLength = 32
  private static let labelLimit = 100

  let entries: [Entry]

  /// How many tokens there are.
  public var count: Int { entries.count }

  /// Reads the lines of a file; empty ones and those that begin with `#` say nothing.
  public init(_ text: String) throws(TokenTableError) {
    var entries: [Entry] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let line = line.trimmed
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      let entry = try Self.entry(line, number: index + 1)
      if let first = entries.first(where: { $0.digest == entry.digest }) {
        throw .repeatedDigest(line: entry.line, first: first.line)
      }
      entries.append(entry)
    }
    guard !entries.isEmpty else { throw .empty }
    self.entries = entries
  }

  private static func entry(_ line: Substring, number: Int) throws(TokenTableError) -> Entry {
    let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count >= 2 else { throw .missingDigest(line: number) }
    guard let role = Role(String(parts[0])) else { throw .unknownRole(line: number) }
    guard let digest = bytes(ofHexadecimal: parts[1]) else { throw .invalidDigest(line: number) }
    if parts.count == 3 {
      guard isLabel(parts[2]) else { throw .invalidLabel(line: number) }
    }
    return Entry(role: role, digest: digest, line: number)
  }

  private static func bytes(ofHexadecimal text: Substring) -> [UInt8]? {
    let digits = text.utf8.map { Character(UnicodeScalar($0)) }
    guard digits.count == 2 * digestLength, digits.allSatisfy({ $0.isHexDigit && $0.isASCII }) else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { index in
      UInt8((digits[index].hexDigitValue ?? 0) << 4 | (digits[index + 1].hexDigitValue ?? 0))
    }
  }

  private static func isLabel(_ text: Substring) -> Bool {
    (1...labelLimit).contains(text.unicodeScalars.count) && text.escaped == String(text)
  }

  /// The line that makes a token of this digest known; nil when `label` can't stand in it.
  public static func line(role: Role, digest: [UInt8], label: String?) -> String? {
    if let label, !isLabel(label[...]) { return nil }
    let digits = digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    return "\(role):\(digits)" + (label.map { ":\($0)" } ?? "")
  }

  /// The entry of a digest. Every byte of every line is compared, whatever the others were, so that the time tells
  /// nothing.
  func entry(of digest: [UInt8]) -> Entry? {
    var found: Entry?
    for entry in entries {
      var difference: UInt8 = digest.count == entry.digest.count ? 0 : 1
      for (a, b) in zip(digest, entry.digest) { difference |= a ^ b }
      if difference == 0 { found = entry }
    }
    return found
  }
}
