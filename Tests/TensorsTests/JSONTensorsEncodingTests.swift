import Tensors
import Testing

@Suite struct JSONTensorsEncodingTests {
  /// JSON of the tensors of a safetensors file.
  private func encode(
    _ header: String, _ data: [UInt8], metadata: [(String, String)] = [], limit: Int = 1 << 20
  ) throws -> String {
    let file = try TensorFileTests.decode(TensorFileTests.file(header, data))
    let bytes = try JSONTensors.encode(
      file.tensors, in: file.data, member: "variables", metadata: metadata, limit: limit)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func float32IsANestedListAndTheRestAnObject() throws {
    let header = """
      {"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"s":{"dtype":"F32","shape":[],"data_offsets":[8,12]},\
      "n":{"dtype":"I64","shape":[],"data_offsets":[12,20]},"o":{"dtype":"F32","shape":[0,3],"data_offsets":[20,20]},\
      "b\\"":{"dtype":"BOOL","shape":[2],"data_offsets":[20,22]}}
      """
    let data: [UInt8] = [
      0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0, 0, 0, 0xC0, 0x7F, 0xFD, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0,
    ]
    #expect(
      try encode(header, data, metadata: [("iteration", "7")]) == #"""
        {"metadata":{"iteration":"7"},"variables":{"w":[[1],[-2.5]],"s":"NaN","n":{"dtype":"I64","shape":[],"data":[-3]},"o":{"dtype":"F32","shape":[0,3],"data":[]},"b\"":{"dtype":"BOOL","shape":[2],"data":[true,false]}}}

        """#)
  }

  @Test func decimalsAreTheShortestOfTheirType() throws {
    func data(_ dtype: DType, _ bytes: [UInt8]) throws -> String {
      let count = bytes.count / dtype.byteCount
      let text = try encode(
        #"{"w":{"dtype":"\#(dtype.rawValue)","shape":[\#(count)],"data_offsets":[0,\#(bytes.count)]}}"#, bytes)
      return String(text.drop { $0 != "w" }.dropFirst(3).dropLast(3))
    }
    // 0.1, -0.0, 1e10, infinity.
    #expect(
      try data(.f32, [0xCD, 0xCC, 0xCC, 0x3D, 0, 0, 0, 0x80, 0xF9, 0x02, 0x15, 0x50, 0, 0, 0x80, 0x7F])
        == #"[0.1,-0.0,1e+10,"Infinity"]"#)
    #expect(
      try data(.f64, [0x9A, 0x99, 0x99, 0x99, 0x99, 0x99, 0xB9, 0x3F])
        == #"{"dtype":"F64","shape":[1],"data":[0.1]}"#)
    #expect(try data(.f16, [0x66, 0x2E, 0xFF, 0x7B]) == #"{"dtype":"F16","shape":[2],"data":[0.1,65504]}"#)
    #expect(
      try data(.bf16, [0xCD, 0x3D, 0x80, 0xBF, 0x80, 0xFF])
        == #"{"dtype":"BF16","shape":[3],"data":[0.1,-1,"-Infinity"]}"#)
  }

  @Test(arguments: DType.allCases)
  func everyElementComesBack(dtype: DType) throws {
    var random = SplitMix64(seed: 3)
    let count = 4_096
    var bytes = (0..<count * dtype.byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    switch dtype {
    case .bool: bytes = bytes.map { $0 & 1 }
    // Not a number keeps no payload, so these get an exponent below the largest.
    case .f32, .f64, .bf16, .f16:
      for index in stride(from: dtype.byteCount - 1, to: bytes.count, by: dtype.byteCount) { bytes[index] &= 0xBB }
    default: break
    }
    let text = try encode(
      #"{"w":{"dtype":"\#(dtype.rawValue)","shape":[64,64],"data_offsets":[0,\#(bytes.count)]}}"#, bytes)
    let back: [UInt8]
    switch dtype.byteCount {
    case 1: back = try JSONTensorsTests.elements(text, dtype, as: UInt8.self)
    case 2: back = try Self.bytes(JSONTensorsTests.elements(text, dtype, as: UInt16.self))
    case 4: back = try Self.bytes(JSONTensorsTests.elements(text, dtype, as: UInt32.self))
    default: back = try Self.bytes(JSONTensorsTests.elements(text, dtype, as: UInt64.self))
    }
    #expect(back == bytes)
  }

  private static func bytes<Word: FixedWidthInteger>(_ words: [Word]) -> [UInt8] {
    words.flatMap { word in
      (0..<MemoryLayout<Word>.size).map { UInt8(truncatingIfNeeded: word >> Word(truncatingIfNeeded: 8 * $0)) }
    }
  }

  @Test func everyBFloat16ComesBackInFewDigits() throws {
    let patterns = (UInt16(0)..<0x7F80).map { $0 }
    let bytes = Self.bytes(patterns)
    let text = try encode(
      #"{"w":{"dtype":"BF16","shape":[\#(patterns.count)],"data_offsets":[0,\#(bytes.count)]}}"#, bytes,
      limit: 1 << 24)
    #expect(try JSONTensorsTests.elements(text, .bf16, as: UInt16.self) == patterns)
    let digits = text.split(separator: "[").last?.split(separator: "]").first?.split(separator: ",").map { number in
      let mantissa = number.prefix { $0 != "e" }.filter { $0 != "." }.drop { $0 == "0" }
      return mantissa.reversed().drop { $0 == "0" }.count
    }
    #expect(digits?.count == patterns.count)
    #expect(digits?.max() == 4)
  }

  @Test func textBeyondTheLimitIsRefused() throws {
    let header = #"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#
    let data = [UInt8](repeating: 0, count: 16)
    let whole = try encode(header, data)
    #expect(try encode(header, data, limit: whole.utf8.count) == whole)
    for limit in 0..<whole.utf8.count {
      #expect(throws: JSONTooLong(limit: limit)) { try encode(header, data, limit: limit) }
    }
  }
}
