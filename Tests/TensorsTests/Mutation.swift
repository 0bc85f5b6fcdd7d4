/// Seeded changes to small valid safetensors files, most of them to the header, and to JSON texts.
struct Mutation {
  private var random: SplitMix64

  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
  }

  static let originals: [[UInt8]] = [
    TensorFileTests.file(
      #"""
      {"__metadata__":{"format":"pt","order":"[\"b\",\"w\"]"},"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"F16","shape":[3],"data_offsets":[16,22]},"flag":{"dtype":"BOOL","shape":[],"data_offsets":[22,23]}} 
      """#, Array(1...22) + [1]),
    TensorFileTests.file(
      #"{"n":{"shape":[0,5],"data_offsets":[0,0],"dtype":"I64"},"\u00e9\ud83d\ude00":{"dtype":"U8","x":[1.5e3,null,{"y":true}],"shape":[1],"data_offsets":[0,1]}}"#,
      [7]),
    TensorFileTests.file("{}", []),
  ]

  private static let words: [String] = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", " ", "0", "1", "-1", "1.0", "1e2", "18446744073709551616",
    "9223372036854775807", "null", "true", "[]", "{}", "\"x\"", "\"U16\"", "\"F8_E4M3\"", "\"BF16\"", "\"I8\"",
    "\\u0000", "\\u0041", "\\ud800", "\n", "\u{e9}", "\"__metadata__\":{\"a\":\"b\"},", "\"shape\":[1],", ",\"y\":2",
  ]

  /// The next mutant of a text: one to three changes.
  mutating func next(of text: String) -> [UInt8] {
    var bytes = Array(text.utf8)
    for _ in 0..<Int.random(in: 1...3, using: &random) { change(&bytes) }
    return bytes
  }

  /// The next mutant of a file: one to three changes, and in most cases a length prefix that fits again.
  mutating func next() -> [UInt8] {
    let original = Self.originals[Int.random(in: 0..<Self.originals.count, using: &random)]
    let headerCount = Int(original[0])
    var header = Array(original[8..<8 + headerCount])
    var data = Array(original[(8 + headerCount)...])
    for _ in 0..<Int.random(in: 1...3, using: &random) { change(&header) }
    if Int.random(in: 0..<8, using: &random) == 0 { change(&data) }
    if Int.random(in: 0..<8, using: &random) == 0 {
      var whole = original[..<8] + header + data
      whole[Int.random(in: 0..<8, using: &random)] = UInt8.random(in: 0...255, using: &random)
      return Array(whole)
    }
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    let place = Int.random(in: 0...bytes.count, using: &random)
    let end = min(bytes.count, place + Int.random(in: 0...6, using: &random))
    switch Int.random(in: 0..<8, using: &random) {
    case 0:
      if place < bytes.count { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
    case 1:
      if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &random) }
    case 2: bytes.removeSubrange(place..<end)
    case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
    case 4: bytes.insert(contentsOf: Self.words[Int.random(in: 0..<Self.words.count, using: &random)].utf8, at: place)
    case 5: replaceDigit(in: &bytes, from: place)
    case 6:
      let word = Self.words[Int.random(in: 0..<Self.words.count, using: &random)]
      bytes.replaceSubrange(place..<end, with: word.utf8)
    default:
      // White space and unknown members change nothing that is read.
      if let brace = bytes[place...].firstIndex(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") }) {
        bytes.insert(contentsOf: " \n", at: brace)
      }
    }
  }

  private mutating func replaceDigit(in bytes: inout [UInt8], from place: Int) {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard let digit = bytes[place...].firstIndex(where: digits.contains) else { return }
    bytes[digit] = UInt8.random(in: digits, using: &random)
  }
}

extension [UInt8] {
  fileprivate mutating func insert(contentsOf text: String, at place: Int) {
    insert(contentsOf: text.utf8, at: place)
  }
}
