import Tensors
import Testing

@Suite struct TensorFileTests {
  static func file(_ header: String, _ data: [UInt8]) -> [UInt8] {
    let header = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data
  }

  static func decode(_ bytes: [UInt8], pool: RegionPool = RegionPool()) throws(SafetensorsError) -> TensorFile {
    try TensorFile(decoding: bytes.span, pool: pool)
  }

  @Test func arraysOfFloatsComeBack() throws {
    let file = try TensorFile(
      [("w", [2, 2], [1, -0.5, .infinity, 4]), ("a", [], [7]), ("none", [0, 3], [])], metadata: ["kind": "test"])
    let bytes = file.encoded()
    let read = try Self.decode(bytes)
    #expect(read.tensors.map(\.name) == ["w", "a", "none"])
    #expect(read["w"]?.shape == [2, 2])
    #expect(read.values(of: "w") == [1, -0.5, .infinity, 4])
    #expect(read.values(of: "a") == [7])
    #expect(read.values(of: "none") == [])
    #expect(read.values(of: "b") == nil)
    #expect(read.metadata == ["kind": "test"])
    #expect(read.encoded() == bytes)
  }

  @Test func bytesAreThoseOfTheFormat() throws {
    let file = try TensorFile([("w", [1], [1.5])])
    #expect(
      file.encoded()
        == Self.file(#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  "#, [0x00, 0x00, 0xC0, 0x3F]))
  }

  @Test(
    arguments: [
      ("F64", [0, 0, 0, 0, 0, 0, 0xF8, 0xBF], -1.5), ("F32", [0, 0, 0xC0, 0xBF], -1.5), ("F16", [0x00, 0xBE], -1.5),
      ("BF16", [0xC0, 0xBF], -1.5), ("I64", [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], -2),
      ("I32", [0xFE, 0xFF, 0xFF, 0xFF], -2), ("I16", [0xFE, 0xFF], -2), ("I8", [0xFE], -2), ("U8", [0xFE], 254),
      ("BOOL", [1], 1),
    ] as [(String, [UInt8], Float)])
  func everyTypeIsReadAsFloatFromAnyPlace(dtype: String, bytes: [UInt8], value: Float) throws {
    let size = bytes.count
    let header = """
      {"byte":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},\
      "w":{"dtype":"\(dtype)","shape":[1],"data_offsets":[1,\(1 + size)]}}
      """
    let whole = Self.file(header, [9] + bytes)
    let file = try Self.decode(whole)
    #expect(file.values(of: "w") == [value])
    let lent = file.withValues(of: "w") { $0[0] }
    #expect(lent == value)
    let count = file.withValues(of: "x") { $0.count }
    #expect(count == nil)
  }

  @Test func floatsAreLent() throws {
    let file = try TensorFile([("a", [1], [1]), ("w", [3], [2, 3, 4])])
    let lent = file.withValues(of: "w") { [$0[0], $0[1], $0[2]] }
    #expect(lent == [2, 3, 4])
  }

  @Test(
    arguments: [
      ([("", [], [1])], .invalidName("")),
      ([("w", [], [1]), ("w", [], [1])], .duplicateName("w")),
      ([("w", [-1], [])], .invalidShape(tensor: "w")),
      ([("w", [2, 2], [1, 2, 3])], .sizeMismatch(tensor: "w", expected: 16, came: 12)),
      ([("w", [.max, 2], [1])], .sizeOverflow(tensor: "w")),
      ([("w", [Int](repeating: 1, count: 33), [1])], .tooManyDimensions(tensor: "w", limit: 32)),
    ] as [([(name: String, shape: [Int], values: [Float])], SafetensorsError)])
  func wrongArraysAreRefused(tensors: [(name: String, shape: [Int], values: [Float])], error: SafetensorsError) {
    #expect(throws: error) { try TensorFile(tensors) }
  }

  @Test func fileCutShortIsRefused() {
    #expect(throws: SafetensorsError.truncatedHeader(expected: 8, came: 0)) {
      try Self.decode([] as [UInt8])
    }
    #expect(throws: SafetensorsError.truncatedHeader(expected: 11, came: 10)) {
      try Self.decode([3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D] as [UInt8])
    }
    #expect(throws: SafetensorsError.dataLength(expected: 1, came: 0)) {
      let bytes = Self.file(#"{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, [])
      return try Self.decode(bytes)
    }
  }

  @Test func aDeclaredLengthAllocatesNothing() {
    let pool = RegionPool()
    let header = #"{"w":{"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]}}"#
    let bytes = Self.file(header, [1, 2, 3])
    #expect(throws: SafetensorsError.dataLength(expected: 1 << 40, came: 3)) {
      try Self.decode(bytes, pool: pool)
    }
    #expect(pool.peakByteCount == 0)
  }
}
