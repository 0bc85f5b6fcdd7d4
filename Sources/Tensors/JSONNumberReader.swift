/// The second pass over JSON tensors: turns numbers, whose syntax has been checked, into elements of one type.
struct JSONNumberReader {
  let numbers: JSONTensors.Numbers
  let tensor: String
  let dtype: DType
  /// Where the elements go, in bytes.
  let offset: Int

  /// Fills the elements' places; `element` answers nil for what is none of the type.
  @inline(__always)
  func fill<Element: BitwiseCopyable>(
    _ region: inout Region, _ text: Span<UInt8>, _ element: (Span<UInt8>, Range<Int>) -> Element?
  ) throws(JSONTensorsError) {
    let count = numbers.count
    try region.withMutableElements(of: Element.self, at: offset, count: count) { target throws(JSONTensorsError) in
      var position = numbers.text.lowerBound
      for index in 0..<count {
        let leaf = Self.nextLeaf(in: text, from: position)
        position = leaf.upperBound
        guard let value = element(text, leaf) else { throw failure(at: index, text, leaf) }
        target[index] = value
      }
    }
  }

  /// Where the next number, word or string stands.
  @inline(__always)
  private static func nextLeaf(in text: Span<UInt8>, from position: Int) -> Range<Int> {
    var start = position
    while isBetweenLeaves(text[start]) { start &+= 1 }
    var end = start &+ 1
    // The text of a number at the top may end with it; otherwise a comma, bracket or space comes.
    while end < text.count, !isBetweenLeaves(text[end]) { end &+= 1 }
    return start..<end
  }

  @inline(__always)
  private static func isBetweenLeaves(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "}"), 0x20, 0x0A, 0x0D, 0x09: true
    default: false
    }
  }

  private func failure(at index: Int, _ text: Span<UInt8>, _ leaf: Range<Int>) -> JSONTensorsError {
    var rest = index
    var place: [Int] = []
    for extent in numbers.shape.reversed() {
      place.insert(rest % extent, at: 0)
      rest /= extent
    }
    if dtype == .bool { return .notTruthValue(tensor: tensor, place: place) }
    if dtype.isFloatingPoint {
      return Self.isNumber(text[leaf.lowerBound])
        ? .outOfRange(tensor: tensor, place: place, dtype: dtype, came: Self.excerpt(text, leaf))
        : .notNumber(tensor: tensor, place: place)
    }
    var isWhole = true
    for place in leaf where text[place] != UInt8(ascii: "-") && !Self.isDigit(text[place]) { isWhole = false }
    return isWhole
      ? .outOfRange(tensor: tensor, place: place, dtype: dtype, came: Self.excerpt(text, leaf))
      : .notInteger(tensor: tensor, place: place, dtype: dtype, came: Self.excerpt(text, leaf))
  }

  /// What stands in the text, cut at 40 bytes: numbers may have any length.
  private static func excerpt(_ text: Span<UInt8>, _ leaf: Range<Int>) -> String {
    String(decoding: leaf.prefix(40).map { text[$0] }, as: UTF8.self) + (leaf.count > 40 ? "…" : "")
  }
}

extension JSONNumberReader {
  /// The nearest float64.
  @inline(__always)
  static func double(_ text: Span<UInt8>, _ leaf: Range<Int>) -> Double? {
    guard isNumber(text[leaf.lowerBound]) else { return NonFinite(text, leaf)?.double }
    return finite(DecimalNumber(text, leaf).double ?? standardLibrary(text, leaf))
  }

  /// The nearest float32.
  @inline(__always)
  static func float(_ text: Span<UInt8>, _ leaf: Range<Int>) -> Float? {
    guard isNumber(text[leaf.lowerBound]) else { return NonFinite(text, leaf).map { Float($0.double) } }
    return finite(DecimalNumber(text, leaf).float ?? standardLibrary(text, leaf))
  }

  /// The half that is nearest to the nearest float64.
  @inline(__always)
  static func half<Half: FloatElement>(_ text: Span<UInt8>, _ leaf: Range<Int>) -> Half? {
    guard let double = double(text, leaf) else { return nil }
    let half = Half(nearest: double)
    return double.isFinite && !half.float.isFinite ? nil : half
  }

  /// An integer, exact.
  @inline(__always)
  static func integer<Integer: FixedWidthInteger>(_ text: Span<UInt8>, _ leaf: Range<Int>) -> Integer? {
    let isNegative = text[leaf.lowerBound] == UInt8(ascii: "-")
    var value: Integer = 0
    for index in leaf.dropFirst(isNegative ? 1 : 0) {
      guard isDigit(text[index]) else { return nil }
      // Downwards for a negative one, so that the smallest is reached without passing the largest.
      let digit = Integer(truncatingIfNeeded: text[index] &- UInt8(ascii: "0"))
      let (product, tooBig) = value.multipliedReportingOverflow(by: 10)
      let (sum, stillTooBig) =
        isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
      guard !tooBig, !stillTooBig else { return nil }
      value = sum
    }
    return value
  }

  /// 1 for `true` and 1, 0 for `false` and 0.
  static func truthValue(_ text: Span<UInt8>, _ leaf: Range<Int>) -> UInt8? {
    switch text[leaf.lowerBound] {
    case UInt8(ascii: "t"): 1
    case UInt8(ascii: "f"): 0
    case UInt8(ascii: "0") where leaf.count == 1: 0
    case UInt8(ascii: "1") where leaf.count == 1: 1
    default: nil
    }
  }

  /// More digits than 19 or powers of ten beyond 27 are rare, and left to the standard library.
  private static func standardLibrary<Number: LosslessStringConvertible>(
    _ text: Span<UInt8>, _ leaf: Range<Int>
  ) -> Number? {
    guard let utf8 = try? UTF8Span(validating: text.extracting(leaf)) else { return nil }
    return Number(String(copying: utf8))
  }

  @inline(__always)
  private static func finite<Number: BinaryFloatingPoint>(_ number: Number?) -> Number? {
    number.flatMap { $0.isFinite ? $0 : nil }
  }

  @inline(__always)
  private static func isNumber(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "-") || isDigit(byte)
  }

  @inline(__always)
  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }
}
