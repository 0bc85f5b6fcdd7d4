/// What a Range field asks for of content whose length is known (RFC 9110, section 14.1.2).
public enum RequestedRange: Sendable, Equatable {
  /// All of it: there is no range in another unit than bytes, none that is well-formed, or there are several.
  case whole
  /// These bytes, at least one.
  case part(Range<Int>)
  /// Bytes that the content does not have.
  case unsatisfiable

  /// Reads the field's value.
  public init(_ value: String, of byteCount: Int) {
    let halves = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2, halves[0].lowercased() == "bytes" else {
      self = .whole
      return
    }
    let ranges = halves[1].split(separator: ",").compactMap { element in
      let text = element.drop { $0 == " " || $0 == "\t" }
      return text.isEmpty ? nil : text
    }
    guard ranges.count == 1, let range = ranges.first else {
      self = .whole
      return
    }
    self.init(one: range, of: byteCount)
  }

  private init(one text: Substring, of byteCount: Int) {
    let bounds = text.split(separator: "-", omittingEmptySubsequences: false)
    guard bounds.count == 2, let first = Self.position(bounds[0]), let last = Self.position(bounds[1]) else {
      self = .whole
      return
    }
    switch (first, last) {
    case (nil, nil): self = .whole
    case (nil, let suffix?):
      let count = min(suffix, byteCount)
      self = count == 0 ? .unsatisfiable : .part(byteCount - count..<byteCount)
    case (let first?, let last):
      if let last, last < first {
        self = .whole
      } else if first >= byteCount {
        self = .unsatisfiable
      } else {
        self = .part(first..<min(last ?? .max, byteCount - 1) + 1)
      }
    }
  }

  /// A number; nil inside when there is none, nil outside when it is something else. Too large a number is the largest.
  private static func position(_ text: Substring) -> Int?? {
    var digits = text[...]
    while let last = digits.last, last == " " || last == "\t" { digits.removeLast() }
    guard !digits.isEmpty else { return .some(nil) }
    guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    return .some(Int(digits) ?? .max)
  }
}
