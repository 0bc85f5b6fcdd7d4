import Tensors
import Testing

@Suite struct SafetensorsHeaderTests {
  static func parse(_ text: String, dataByteCount: Int? = nil) throws(SafetensorsError) -> SafetensorsHeader {
    try SafetensorsHeader(parsing: Array(text.utf8).span, dataByteCount: dataByteCount)
  }

  /// A header with one tensor `w` of these fields.
  static func entry(_ fields: String) -> String { #"{"w":{\#(fields)}}"# }

  @Test func readsNamesTypesShapesAndPlaces() throws {
    let header = try Self.parse(
      #"""
      {"b":{"data_offsets":[8,10],"shape":[],"dtype":"BF16"},
       "__metadata__":{"order":"[\"b\",\"a\"]","format":"pt"},
       "a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}
      """#, dataByteCount: 10)
    #expect(
      header.tensors == [
        TensorDescription(name: "a", dtype: .f32, shape: [2, 1], range: 0..<8),
        TensorDescription(name: "b", dtype: .bf16, shape: [], range: 8..<10),
      ])
    #expect(header.metadata == ["order": #"["b","a"]"#, "format": "pt"])
    #expect(header.dataByteCount == 10)
  }

  @Test func tensorsOfOnePlaceAreInOrderOfTheirNames() throws {
    let header = try Self.parse(
      #"""
      {"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
       "b":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},
       "a":{"dtype":"F32","shape":[0,3],"data_offsets":[4,4]},
       "c":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}
      """#)
    #expect(header.tensors.map(\.name) == ["c", "w", "a", "b"])
  }

  @Test func theFormatsLooseEndsAreAccepted() throws {
    #expect(try Self.parse("{}", dataByteCount: 0).tensors.isEmpty)
    #expect(try Self.parse("{}  \n\t\r").tensors.isEmpty)
    #expect(try Self.parse(#"{"__metadata__":null}"#).metadata.isEmpty)
    let unknownField = Self.entry(
      #""dtype":"U8","shape":[1],"data_offsets":[0,1],"x":[1.5e-3,{"y":[true,false,null,"\u00e9"]}],"x":{}"#)
    #expect(try Self.parse(unknownField).tensors.count == 1)
  }

  @Test func escapesInNamesAreDecoded() throws {
    let header = try Self.parse(
      #"{"\"\\\/\u00e9\ud83d\ude00é😀":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#)
    #expect(header.tensors.map(\.name) == ["\"\\/é😀é😀"])
  }

  @Test func lengthPrefixIsLittleEndian() throws {
    #expect(try SafetensorsHeader.lengthPrefix(parsing: ([0x02, 0x01, 0, 0, 0, 0, 0, 0, 7] as [UInt8]).span) == 0x0102)
  }

  @Test func lengthPrefixBeyondTheLimitIsRefused() {
    #expect(throws: SafetensorsError.headerTooLong(byteCount: 16_777_217, limit: 16_777_216)) {
      try SafetensorsHeader.lengthPrefix(parsing: ([1, 0, 0, 1, 0, 0, 0, 0] as [UInt8]).span)
    }
    #expect(throws: SafetensorsError.headerTooLong(byteCount: .max, limit: 16_777_216)) {
      try SafetensorsHeader.lengthPrefix(parsing: [UInt8](repeating: 0xFF, count: 8).span)
    }
  }

  @Test func lengthPrefixCutShortIsRefused() {
    #expect(throws: SafetensorsError.truncatedHeader(expected: 8, came: 7)) {
      try SafetensorsHeader.lengthPrefix(parsing: [UInt8](repeating: 0, count: 7).span)
    }
  }

  private static let w = #""w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#

  @Test(
    arguments: [
      ("", .headerNotObject),
      (" {}", .headerNotObject),
      ("[]", .headerNotObject),
      (#"{"w":[]}"#, .entryNotObject(tensor: "w")),
      (#"{"w":"F32"}"#, .entryNotObject(tensor: "w")),
      ("{\(w),\(w)}", .duplicateName("w")),
      (#"{\#(w),"\u0077":{}}"#, .duplicateName("w")),
      (#"{"":{}}"#, .invalidName("")),
      (#"{"a,b":{}}"#, .invalidName("a,b")),
      (#"{"a\u0000":{}}"#, .invalidName("a\u{0}")),
      (#"{"a\u007f":{}}"#, .invalidName("a\u{7f}")),
      (#"{"a\u0085":{}}"#, .invalidName("a\u{85}")),
      (entry(#""shape":[2],"data_offsets":[0,8]"#), .missingField(tensor: "w", field: "dtype")),
      (entry(#""dtype":"F32","data_offsets":[0,8]"#), .missingField(tensor: "w", field: "shape")),
      (entry(#""dtype":"F32","shape":[2]"#), .missingField(tensor: "w", field: "data_offsets")),
      (entry(#""dtype":"F32","dtype":"F32""#), .duplicateField(tensor: "w", field: "dtype")),
      (entry(#""shape":[],"shape":[]"#), .duplicateField(tensor: "w", field: "shape")),
      (
        entry(#""data_offsets":[0,0],"data_offsets":[0,0]"#), .duplicateField(tensor: "w", field: "data_offsets")
      ),
      (entry(#""dtype":32"#), .dtypeNotString(tensor: "w")),
      (entry(#""dtype":"f32""#), .unknownDType(tensor: "w", dtype: "f32")),
      (entry(#""dtype":"U32""#), .unsupportedDType(tensor: "w", dtype: "U32")),
      (entry(#""dtype":"F8_E4M3""#), .unsupportedDType(tensor: "w", dtype: "F8_E4M3")),
      (entry(#""shape":2"#), .invalidShape(tensor: "w")),
      (entry(#""shape":[-1]"#), .invalidShape(tensor: "w")),
      (entry(#""shape":[-0]"#), .invalidShape(tensor: "w")),
      (entry(#""shape":[1.0]"#), .invalidShape(tensor: "w")),
      (entry(#""shape":[1e2]"#), .invalidShape(tensor: "w")),
      (entry(#""shape":["1"]"#), .invalidShape(tensor: "w")),
      (entry(#""shape":[9223372036854775808]"#), .invalidShape(tensor: "w")),
      (
        entry(#""shape":[\#([String](repeating: "1", count: 33).joined(separator: ","))]"#),
        .tooManyDimensions(tensor: "w", limit: 32)
      ),
      (
        entry(#""dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]"#), .sizeOverflow(tensor: "w")
      ),
      (
        entry(#""dtype":"F64","shape":[1152921504606846976],"data_offsets":[0,0]"#), .sizeOverflow(tensor: "w")
      ),
      (
        entry(#""dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,0]"#), .sizeOverflow(tensor: "w")
      ),
      (entry(#""data_offsets":{}"#), .invalidOffsets(tensor: "w")),
      (entry(#""data_offsets":[]"#), .invalidOffsets(tensor: "w")),
      (entry(#""data_offsets":[0]"#), .invalidOffsets(tensor: "w")),
      (entry(#""data_offsets":[0,8,8]"#), .invalidOffsets(tensor: "w")),
      (entry(#""data_offsets":[8,0]"#), .invalidOffsets(tensor: "w")),
      (entry(#""data_offsets":[-8,0]"#), .invalidOffsets(tensor: "w")),
      (entry(#""data_offsets":[0,8.0]"#), .invalidOffsets(tensor: "w")),
      (
        entry(#""dtype":"F32","shape":[2],"data_offsets":[0,7]"#), .sizeMismatch(tensor: "w", expected: 8, came: 7)
      ),
      (
        entry(#""dtype":"F32","shape":[2],"data_offsets":[4,12]"#), .hole(tensor: "w", expected: 0, came: 4)
      ),
      (
        #"{\#(w),"b":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}}"#, .hole(tensor: "b", expected: 8, came: 9)
      ),
      (
        #"{\#(w),"b":{"dtype":"U8","shape":[1],"data_offsets":[7,8]}}"#, .overlap(tensor: "b", expected: 8, came: 7)
      ),
      (
        #"{\#(w),"b":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}"#, .overlap(tensor: "b", expected: 8, came: 4)
      ),
      ("{\(w)}", .dataLength(expected: 8, came: 9)),
      (#"{"__metadata__":{},"__metadata__":{}}"#, .duplicateMetadata),
      (#"{"__metadata__":null,"__metadata__":{}}"#, .duplicateMetadata),
      (#"{"__metadata__":[]}"#, .metadataNotObject),
      (#"{"__metadata__":{"iteration":1}}"#, .metadataNotString(key: "iteration")),
      (#"{"__metadata__":{"a":"1","a":"1"}}"#, .duplicateMetadataKey("a")),
    ] as [(String, SafetensorsError)])
  func wrongHeaderIsRefused(header: String, error: SafetensorsError) {
    #expect(throws: error) { try Self.parse(header, dataByteCount: 9) }
    #expect(!error.description.isEmpty)
  }

  @Test(
    arguments: [
      ("{", 1, .unexpectedEnd),
      ("{}x", 2, .trailingBytes),
      ("{}\0", 2, .trailingBytes),
      ("{w}", 1, .expected("a key")),
      (#"{"w"}"#, 4, .expected("':'")),
      (#"{"w":}"#, 5, nil),
      (#"{\#(w),}"#, 54, .expected("a key")),
      (#"{\#(w)"b":{}}"#, 53, .expected("',' or '}'")),
      (entry(#""shape":[1 2]"#), 17, .expected("',' or ']'")),
      (entry(#""shape":[1,]"#), 17, nil),
      (entry(#""shape":[01]"#), 15, .invalidNumber),
      (entry(#""x":1."#), 10, .invalidNumber),
      (entry(#""x":1e"#), 10, .invalidNumber),
      (entry(#""x":-"#), 10, .invalidNumber),
      (entry(#""x":+1"#), 10, .expected("a value")),
      (entry(#""x":NaN"#), 10, .expected("a value")),
      (entry(#""x":nul"#), 13, .expected("'null'")),
      (#"{"\x":{}}"#, 2, .invalidEscape),
      (#"{"\u12g4":{}}"#, 6, .invalidEscape),
      (#"{"\ud800":{}}"#, 2, .loneSurrogate),
      (#"{"\ud800\n":{}}"#, 2, .loneSurrogate),
      (#"{"\ud800\ud800":{}}"#, 2, .loneSurrogate),
      (#"{"\udc00":{}}"#, 2, .loneSurrogate),
      ("{\"a\nb\":{}}", 3, .controlCharacter),
      (#"{"w"#, 3, .unexpectedEnd),
      (#"{"w\"#, 4, .unexpectedEnd),
      (#"{"w\""#, 5, .unexpectedEnd),
      (entry(#""x":"# + String(repeating: "[", count: 200)), 137, .tooDeep),
    ] as [(String, Int, JSONSyntaxError.Reason?)])
  func malformedHeaderIsRefusedWhereItBreaks(header: String, offset: Int, reason: JSONSyntaxError.Reason?) {
    let error = #expect(throws: SafetensorsError.self) { try Self.parse(header) }
    guard let reason else { return }
    #expect(error == .malformedHeader(JSONSyntaxError(offset: offset, reason: reason)))
  }

  @Test func bytesThatAreNotUTF8AreRefused() {
    for bad: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82]] {
      for escape in ["", "\\n"] {
        let header = Array("{\"".utf8) + bad + Array("\(escape)\":{}}".utf8)
        #expect(throws: SafetensorsError.malformedHeader(JSONSyntaxError(offset: 1, reason: .invalidUTF8))) {
          try SafetensorsHeader(parsing: header.span, dataByteCount: nil)
        }
      }
    }
  }

  /// A variable's 512, and what stands before or behind it in files of slots and of sparse gradients.
  @Test func namesHave1024BytesAtMost() throws {
    func header(_ count: Int) -> String {
      #"{"\#(String(repeating: "é", count: count))":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#
    }
    #expect(try Self.parse(header(512)).tensors.count == 1)
    #expect(throws: SafetensorsError.invalidName(String(repeating: "é", count: 513))) { try Self.parse(header(513)) }
  }

  @Test func thereAre100000TensorsAtMost() throws {
    func header(_ count: Int) -> String {
      "{"
        + (0..<count).map { #""\#($0)":{"dtype":"U8","shape":[],"data_offsets":[\#($0),\#($0 + 1)]}"# }
        .joined(separator: ",") + "}"
    }
    #expect(try Self.parse(header(100_000)).tensors.count == 100_000)
    #expect(throws: SafetensorsError.tooManyTensors(limit: 100_000)) { try Self.parse(header(100_001)) }
  }
}

@Suite struct SafetensorsHeaderEncodingTests {
  private static let tensors = [
    TensorDescription(name: "w", dtype: .f32, shape: [2, 2], range: 0..<16),
    TensorDescription(name: "a\"\\\u{e9}", dtype: .bool, shape: [], range: 16..<17),
    TensorDescription(name: "empty", dtype: .i64, shape: [0, 3], range: 17..<17),
  ]

  @Test func tailHoldsTheTensorsAndTheBrace() {
    #expect(
      String(decoding: SafetensorsHeader.tail(of: Self.tensors), as: UTF8.self)
        == #"""
        "w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"a\"\\é":{"dtype":"BOOL","shape":[],"data_offsets":[16,17]},"empty":{"dtype":"I64","shape":[0,3],"data_offsets":[17,17]}}
        """#)
    #expect(SafetensorsHeader.tail(of: []) == Array("}".utf8))
  }

  @Test(arguments: 0..<9)
  func dataBeginsAtAMultipleOfEight(length: Int) throws {
    let value = String(repeating: "x", count: length)
    let bytes = SafetensorsHeader.encode(tensors: Self.tensors, metadata: [("format", "pt"), ("k\n\u{1f}", value)])
    #expect(bytes.count % 8 == 0)
    #expect(try SafetensorsHeader.lengthPrefix(parsing: bytes.span) == bytes.count - 8)
    let text = String(decoding: bytes.dropFirst(8), as: UTF8.self)
    #expect(text.hasPrefix(#"{"__metadata__":{"format":"pt","k\u000a\u001f":"\#(value)"},"w":{"#))
    let header = try SafetensorsHeader(parsing: bytes.span.extracting(droppingFirst: 8), dataByteCount: 17)
    #expect(header.tensors == Self.tensors)
    #expect(header.metadata == ["format": "pt", "k\n\u{1f}": value])
  }

  @Test func headersWithoutTensorsOrMetadataAreWhole() {
    func text(_ tensors: [TensorDescription], _ metadata: [(String, String)]) -> String {
      String(decoding: SafetensorsHeader.encode(tensors: tensors, metadata: metadata).dropFirst(8), as: UTF8.self)
    }
    #expect(text([], []) == "{}      ")
    #expect(text([], [("a", "b")]) == #"{"__metadata__":{"a":"b"}}      "#)
    #expect(text([Self.tensors[0]], []).hasPrefix(#"{"w":{"#))
  }
}
