import HTTPServer

/// The parameters of a request target, each known to its route and there at most once.
struct Query: Sendable {
  private var values: [String: String] = [:]

  /// No parameters.
  init() {}

  /// Reads `name=value` pairs; a name that the route does not know, or one that repeats, is refused, because a typo must
  /// not silently train something else.
  init(_ text: String, known: [String]) throws(Problem) {
    for pair in text.split(separator: "&", omittingEmptySubsequences: true) {
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(halves[0]) else {
        throw .unknownParameter(String(halves[0]), known: known, detail: "is not percent-encoded UTF-8")
      }
      guard known.contains(name) else {
        throw .unknownParameter(name, known: known, detail: "is not a parameter of this resource")
      }
      guard values[name] == nil else {
        throw .unknownParameter(name, known: known, detail: "is there more than once")
      }
      values[name] = halves.count > 1 ? String(halves[1]) : ""
    }
  }

  /// Whether there are none.
  var isEmpty: Bool { values.isEmpty }

  /// The query that these parameters make, with its `?`; empty without any.
  func text(of names: [String]) -> String {
    guard !values.isEmpty else { return "" }
    let pairs = names.compactMap { name in values[name].map { "\(name)=\($0)" } }
    return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
  }

  /// A parameter as it came, percent-encoding kept.
  subscript(name: String) -> String? { values[name] }

  /// A comma-separated list, split before each item is percent-decoded; nil without the parameter.
  func list(_ name: String) throws(Problem) -> [String]? {
    guard let text = values[name] else { return nil }
    var items: [String] = []
    for item in text.split(separator: ",") {
      guard let decoded = Self.decoded(item) else {
        throw .invalidParameter(name, expected: "percent-encoded UTF-8", came: String(item))
      }
      items.append(decoded)
    }
    return items
  }

  /// A truth value, false without the parameter.
  func flag(_ name: String) throws(Problem) -> Bool {
    switch values[name] {
    case nil, "false": return false
    case "true": return true
    case let other?: throw .invalidParameter(name, expected: "true or false", came: other)
    }
  }

  /// Text with its percent-encoding decoded; nil when that is broken or not UTF-8.
  static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = rest.prefix(2)
      guard digits.count == 2, let digitText = String(digits), let value = UInt8(digitText, radix: 16) else {
        return nil
      }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
