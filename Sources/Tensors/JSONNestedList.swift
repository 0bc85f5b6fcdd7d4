/// Steps over numbers in nested lists, which must be rectangular, and finds their shape.
struct JSONNestedList {
  private let tensor: String
  /// The length of the lists at each depth, known from the first one that has ended there.
  private var extents = [Int?](repeating: nil, count: TensorDescription.maximumDimensionCount)
  /// How many depths have lists.
  private var listDepth = 0
  /// The depth of the numbers, from the first one on.
  private var numberDepth: Int?
  /// Indices of the lists and the number that are being read.
  private var place: [Int] = []

  init(tensor: String) {
    self.tensor = tensor
  }

  /// The extent of each axis.
  var shape: [Int] { extents[..<listDepth].map { $0 ?? 0 } }

  mutating func read(_ cursor: inout JSONCursor<JSONTensorsError>, _ text: Span<UInt8>) throws(JSONTensorsError) {
    let depth = place.count
    guard cursor.take("[", in: text) else { return try readNumber(&cursor, text) }
    guard depth < TensorDescription.maximumDimensionCount else {
      throw .tooManyDimensions(tensor: tensor, limit: TensorDescription.maximumDimensionCount)
    }
    if let numberDepth, numberDepth <= depth { throw .mixedDepth(tensor: tensor, place: place) }
    listDepth = max(listDepth, depth + 1)
    place.append(0)
    var count = 0
    var first = true
    while try cursor.nextElement(in: text, first: &first) {
      place[depth] = count
      try read(&cursor, text)
      count += 1
    }
    place.removeLast()
    if let extent = extents[depth] {
      guard count == extent else { throw .ragged(tensor: tensor, place: place, expected: extent, came: count) }
    } else {
      extents[depth] = count
    }
  }

  @inline(__always)
  private mutating func readNumber(
    _ cursor: inout JSONCursor<JSONTensorsError>, _ text: Span<UInt8>
  ) throws(JSONTensorsError) {
    let depth = place.count
    guard let byte = cursor.peek(in: text) else { throw cursor.failure(.unexpectedEnd) }
    switch byte {
    case UInt8(ascii: "\""):
      let start = cursor.offset
      try cursor.skipString(in: text)
      guard NonFinite(text, start..<cursor.offset) != nil else { throw .notNumber(tensor: tensor, place: place) }
    case UInt8(ascii: "t"): try cursor.literal("true", in: text)
    case UInt8(ascii: "f"): try cursor.literal("false", in: text)
    case UInt8(ascii: "{"), UInt8(ascii: "n"):
      throw .notNumber(tensor: tensor, place: place)
    default:
      guard cursor.isNumber(in: text) else { throw cursor.unexpected(in: text, "a number or a list") }
      _ = try cursor.number(in: text)
    }
    guard depth >= listDepth, depth == numberDepth ?? depth else { throw .mixedDepth(tensor: tensor, place: place) }
    numberDepth = depth
  }
}
