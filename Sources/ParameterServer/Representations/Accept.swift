/// The media ranges that a client takes, with weights (RFC 9110, section 12.5.1).
struct Accept: Sendable {
  private struct Range {
    let type: Substring
    let subtype: Substring
    let quality: Double
  }

  private let ranges: [Range]

  /// Reads the field's value; what is not a media range is passed over.
  init(_ value: String) {
    ranges = value.split(separator: ",").compactMap { element in
      let parts = element.split(separator: ";").map { $0.trimmed }
      guard let names = parts.first?.split(separator: "/", maxSplits: 1), names.count == 2 else { return nil }
      var quality = 1.0
      for parameter in parts.dropFirst() {
        let halves = parameter.split(separator: "=", maxSplits: 1)
        if halves.count == 2, halves[0].trimmed.lowercased() == "q" {
          quality = Double(halves[1].trimmed).map { min(max($0, 0), 1) } ?? 0
        }
      }
      return Range(type: names[0], subtype: names[1], quality: quality)
    }
  }

  /// The index of the offer with the highest weight, the first of equals; nil when none is taken.
  func preferred(among offers: [String]) -> Int? {
    var best: (index: Int, quality: Double)?
    for (index, offer) in offers.enumerated() {
      let quality = self.quality(of: offer)
      if quality > best?.quality ?? 0 { best = (index, quality) }
    }
    return best?.index
  }

  /// The weight of an offer: that of the most specific range that covers it.
  private func quality(of offer: String) -> Double {
    let names = offer.split(separator: "/")
    var found: (specificity: Int, quality: Double)?
    for range in ranges {
      let specificity: Int
      if range.type == "*", range.subtype == "*" {
        specificity = 0
      } else if range.type.lowercased() == names[0], range.subtype == "*" {
        specificity = 1
      } else if range.type.lowercased() == names[0], range.subtype.lowercased() == names[1] {
        specificity = 2
      } else {
        continue
      }
      if specificity >= found?.specificity ?? 0 { found = (specificity, range.quality) }
    }
    return found?.quality ?? 0
  }
}

extension Substring {
  /// Without blanks at both ends.
  var trimmed: Substring {
    func isText(_ byte: UInt8) -> Bool { byte != UInt8(ascii: " ") && byte != UInt8(ascii: "\t") }
    guard let first = utf8.firstIndex(where: isText), let last = utf8.lastIndex(where: isText) else { return "" }
    return self[first..<utf8.index(after: last)]
  }
}
