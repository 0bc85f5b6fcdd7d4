/// A name to look up by. Two are the same when their bytes are; `String` itself takes "é" in one and in two code points
/// for the same.
public struct NameKey: Hashable, Sendable {
  private let name: String

  /// The key of a name.
  public init(_ name: String) {
    self.name = name
  }

  public static func == (a: NameKey, b: NameKey) -> Bool {
    a.name.utf8.elementsEqual(b.name.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    let bytes = name.utf8.span
    var word: UInt64 = 0
    for index in bytes.indices {
      word = word << 8 | UInt64(bytes[index])
      if index % 8 == 7 { hasher.combine(word) }
    }
    hasher.combine(word)
    hasher.combine(bytes.count)
  }
}
