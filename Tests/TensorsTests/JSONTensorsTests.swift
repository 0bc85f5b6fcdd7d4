import Tensors
import Testing

@Suite struct JSONTensorsTests {
  static func parse(_ text: String, member: String = "variables") throws(JSONTensorsError) -> JSONTensors {
    let bytes = Array(text.utf8)
    return try JSONTensors(parsing: bytes.span, member: member)
  }

  /// The elements of the first tensor of a text.
  static func elements<Element: BitwiseCopyable>(
    _ text: String, _ dtype: DType, as type: Element.Type
  ) throws(JSONTensorsError) -> [Element] {
    let bytes = Array(text.utf8)
    let entry = try parse(text).entries[0]
    let numbers: JSONTensors.Numbers
    switch entry.form {
    case .list(let list): numbers = list
    case .object(_, let data): numbers = data
    case .sparse(_, let values): numbers = values
    }
    guard var region = try? Region(byteCount: 8 + numbers.count * dtype.byteCount, pool: RegionPool()) else {
      return []
    }
    try JSONTensors(parsing: bytes.span, member: "variables")
      .write(numbers, of: entry.name, from: bytes.span, as: dtype, into: &region, at: 8)
    var elements: [Element] = []
    region.withElements(of: Element.self, at: 8, count: numbers.count) { span in
      for index in span.indices { elements.append(span[index]) }
    }
    return elements
  }

  static func list(_ values: String) -> String { #"{"variables":{"w":\#(values)}}"# }

  @Test func formsAndShapesAreFound() throws {
    let tensors = try Self.parse(
      #"""
       { "metadata" : {"kind":[1,{"a":null}]} , "variables" : {
         "w": [[1, 2, 3], [4, 5, 6]], "scalar":-1.5e3 ,
         "n":{"data":[3],"shape":[],"dtype":"I64"},
         "rows" :{"indices":[0, 2],"values":[[1,2],[3,4]]},
         "empty":[], "rowsWithoutColumns":[[],[]], "\u00e9":{"dtype":"F16","shape":[0,3],"data":[]}
       } }
      """#)
    #expect(tensors.entries.map(\.name) == ["w", "scalar", "n", "rows", "empty", "rowsWithoutColumns", "é"])
    let shapes: [[[Int]]] = tensors.entries.map { entry in
      switch entry.form {
      case .list(let numbers): [numbers.shape]
      case .object(let dtype, let numbers): [numbers.shape, [dtype.byteCount]]
      case .sparse(let indices, let values): [indices.shape, values.shape]
      }
    }
    #expect(shapes == [[[2, 3]], [[]], [[], [8]], [[2], [2, 2]], [[0]], [[2, 0]], [[0, 3], [2]]])
  }

  @Test func theMemberMayBeNamedOtherwise() throws {
    #expect(try Self.parse(#"{"gradients":{"w":[1]}}"#, member: "gradients").entries.count == 1)
  }

  @Test func numbersGoToTheirPlaces() throws {
    let text = Self.list("[[1, -2.5],[3e2,\n\"NaN\"],[\"Infinity\",\"-Infinity\"]]")
    let floats = try Self.elements(text, .f32, as: Float.self)
    #expect(floats.map(\.bitPattern) == [1, -2.5, 300, Float.nan, .infinity, -.infinity].map(\.bitPattern))
    #expect(try Self.elements(text, .f64, as: Double.self)[..<3] == [1, -2.5, 300])
    #expect(try Self.elements(text, .f16, as: Float16.self)[..<3] == [1, -2.5, 300])
    #expect(
      try Self.elements(text, .bf16, as: UInt16.self) == [0x3F80, 0xC020, 0x4396, 0x7FC0, 0x7F80, 0xFF80])
    #expect(try Self.elements(Self.list("-0.0"), .f32, as: Float.self)[0].sign == .minus)
    #expect(try Self.elements(Self.list("-0"), .f64, as: Double.self)[0].sign == .minus)
  }

  @Test func integersAreExactUpToTheirLimits() throws {
    #expect(
      try Self.elements(Self.list("[-9223372036854775808,9223372036854775807,-0]"), .i64, as: Int64.self)
        == [.min, .max, 0])
    #expect(try Self.elements(Self.list("[-2147483648,2147483647]"), .i32, as: Int32.self) == [.min, .max])
    #expect(try Self.elements(Self.list("[-32768,32767]"), .i16, as: Int16.self) == [.min, .max])
    #expect(try Self.elements(Self.list("[-128,127]"), .i8, as: Int8.self) == [.min, .max])
    #expect(try Self.elements(Self.list("[0,255]"), .u8, as: UInt8.self) == [.min, .max])
    #expect(try Self.elements(Self.list("[true,false,1,0]"), .bool, as: UInt8.self) == [1, 0, 1, 0])
  }

  @Test(
    arguments: [
      ("[9223372036854775808]", .i64, .outOfRange(tensor: "w", place: [0], dtype: .i64, came: "9223372036854775808")),
      ("[[0],[-129]]", .i8, .outOfRange(tensor: "w", place: [1, 0], dtype: .i8, came: "-129")),
      ("-1", .u8, .outOfRange(tensor: "w", place: [], dtype: .u8, came: "-1")),
      ("1.0", .i32, .notInteger(tensor: "w", place: [], dtype: .i32, came: "1.0")),
      ("1e3", .i32, .notInteger(tensor: "w", place: [], dtype: .i32, came: "1e3")),
      ("true", .i32, .notInteger(tensor: "w", place: [], dtype: .i32, came: "true")),
      ("\"NaN\"", .i32, .notInteger(tensor: "w", place: [], dtype: .i32, came: "\"NaN\"")),
      ("[0,1,2]", .bool, .notTruthValue(tensor: "w", place: [2])),
      ("1.0", .bool, .notTruthValue(tensor: "w", place: [])),
      ("true", .f32, .notNumber(tensor: "w", place: [])),
      ("[1,[2]]", .f32, .mixedDepth(tensor: "w", place: [1])),
      ("3.4028236e38", .f32, .outOfRange(tensor: "w", place: [], dtype: .f32, came: "3.4028236e38")),
      ("-1e99999999999999999", .f64, .outOfRange(tensor: "w", place: [], dtype: .f64, came: "-1e99999999999999999")),
      ("65520", .f16, .outOfRange(tensor: "w", place: [], dtype: .f16, came: "65520")),
      ("3.4e38", .bf16, .outOfRange(tensor: "w", place: [], dtype: .bf16, came: "3.4e38")),
    ] as [(String, DType, JSONTensorsError)])
  func numberThatDoesNotFitIsRefused(value: String, dtype: DType, error: JSONTensorsError) {
    #expect(throws: error) { try Self.elements(Self.list(value), dtype, as: UInt8.self) }
    #expect(!error.isMalformed)
  }

  @Test(
    arguments: [
      (#"{"variables":{"w":1},"variables":{}}"#, .duplicateMember("variables")),
      (#"{"metadata":1,"metadata":1,"variables":{}}"#, .duplicateMember("metadata")),
      (#"{"variables":{"w":1,"\u0077":1}}"#, .duplicateName("w")),
      (list(#"{"dtype":"F32","dtype":"F32"}"#), .duplicateField(tensor: "w", field: "dtype")),
    ] as [(String, JSONTensorsError)])
  func whatStandsTwiceIsMalformed(text: String, error: JSONTensorsError) {
    #expect(throws: error) { try Self.parse(text) }
    #expect(error.isMalformed)
  }

  @Test(
    arguments: [
      ("[]", .notObject(member: "variables", came: "a list")),
      ("null", .notObject(member: "variables", came: "null")),
      ("{}", .missingMember("variables")),
      (#"{"metadata":{}}"#, .missingMember("variables")),
      (#"{"gradients":{}}"#, .unknownMember("gradients", expected: "variables")),
      (#"{"variables":[]}"#, .memberNotObject("variables")),
      (#"{"variables":{"":1}}"#, .invalidName("")),
      (#"{"variables":{"a,b":1}}"#, .invalidName("a,b")),
      (#"{"variables":{"__metadata__":1}}"#, .invalidName("__metadata__")),
      (list("null"), .notNumber(tensor: "w", place: [])),
      (list("\"nan\""), .notNumber(tensor: "w", place: [])),
      (list("[[1],[null]]"), .notNumber(tensor: "w", place: [1, 0])),
      (list("[{}]"), .notNumber(tensor: "w", place: [0])),
      (list("[[1,2],[3]]"), .ragged(tensor: "w", place: [1], expected: 2, came: 1)),
      (list("[[],[3]]"), .ragged(tensor: "w", place: [1], expected: 0, came: 1)),
      (list("[[[1],[2]],[[3],[4,5]]]"), .ragged(tensor: "w", place: [1, 1], expected: 1, came: 2)),
      (list("[1,[2]]"), .mixedDepth(tensor: "w", place: [1])),
      (list("[[2],1]"), .mixedDepth(tensor: "w", place: [1])),
      (list("[[],1]"), .mixedDepth(tensor: "w", place: [1])),
      (
        list(String(repeating: "[", count: 33) + String(repeating: "]", count: 33)),
        .tooManyDimensions(tensor: "w", limit: 32)
      ),
      (list(#"{"dtype":"F32","shape":[1],"data":[1],"x":1}"#), .unknownField(tensor: "w", field: "x")),
      (list(#"{"dtype":"F32","shape":[1],"data":[1],"values":[1]}"#), .unknownField(tensor: "w", field: "values")),
      (list("{}"), .missingField(tensor: "w", field: "dtype")),
      (list(#"{"dtype":"F32","data":[1]}"#), .missingField(tensor: "w", field: "shape")),
      (list(#"{"dtype":"F32","shape":[1]}"#), .missingField(tensor: "w", field: "data")),
      (list(#"{"indices":[1]}"#), .missingField(tensor: "w", field: "values")),
      (list(#"{"values":[1]}"#), .missingField(tensor: "w", field: "indices")),
      (list(#"{"dtype":"F8_E4M3","shape":[1],"data":[1]}"#), .unknownDType(tensor: "w", dtype: "F8_E4M3")),
      (list(#"{"dtype":32,"shape":[1],"data":[1]}"#), .dtypeNotString(tensor: "w")),
      (list(#"{"dtype":"F32","shape":[-1],"data":[1]}"#), .invalidShape(tensor: "w")),
      (list(#"{"dtype":"F32","shape":1,"data":[1]}"#), .invalidShape(tensor: "w")),
      (
        list(#"{"dtype":"F32","shape":[\#(String(repeating: "1,", count: 32))1],"data":[1]}"#),
        .tooManyDimensions(tensor: "w", limit: 32)
      ),
      (
        list(#"{"dtype":"F32","shape":[0,4611686018427387904,4],"data":[]}"#), .sizeOverflow(tensor: "w")
      ),
      (list(#"{"dtype":"F32","shape":[1,1],"data":[[1]]}"#), .dataNotFlat(tensor: "w")),
      (list(#"{"dtype":"F32","shape":[],"data":1}"#), .dataNotFlat(tensor: "w")),
      (list(#"{"dtype":"F32","shape":[2,2],"data":[1,2,3]}"#), .countMismatch(tensor: "w", expected: 4, came: 3)),
    ] as [(String, JSONTensorsError)])
  func wellFormedButWrongIsRefused(text: String, error: JSONTensorsError) {
    #expect(throws: error) { try Self.parse(text) }
    #expect(!error.isMalformed)
    #expect(!error.description.isEmpty)
    // The same with the end cut off is no JSON at all, whatever was wrong before.
    let cut = #expect(throws: JSONTensorsError.self) { try Self.parse(String(text.dropLast())) }
    #expect(cut?.isMalformed == true)
  }

  @Test(
    arguments: [
      ("", 0, .unexpectedEnd), ("{\"variables\":{}} x", 17, .trailingBytes), (list("[1,]"), 21, nil),
      (list("[1 2]"), 21, .expected("',' or ']'")), (list("01"), 18, .invalidNumber), (list(".5"), 18, nil),
      (list("5."), 18, .invalidNumber), (list("1e"), 18, .invalidNumber), (list("NaN"), 18, nil),
      (list("+1"), 18, nil), (list("tru"), 21, .expected("'true'")), (list("[1"), 20, .expected("',' or ']'")),
      (list("\"\\q\""), 19, .invalidEscape), ("{\"variables\":{\"w\":1}", 20, .unexpectedEnd),
      ("{\"x\":" + String(repeating: "[", count: 200), 131, .tooDeep),
    ] as [(String, Int, JSONSyntaxError.Reason?)])
  func brokenTextIsMalformed(text: String, offset: Int, reason: JSONSyntaxError.Reason?) {
    let error = #expect(throws: JSONTensorsError.self) { try Self.parse(text) }
    #expect(error?.isMalformed == true)
    guard let reason else { return }
    #expect(error == .malformed(JSONSyntaxError(offset: offset, reason: reason)))
  }

  @Test func thereAre100000TensorsAtMost() throws {
    func text(_ count: Int) -> String {
      #"{"variables":{"# + (0..<count).map { #""\#($0)":1"# }.joined(separator: ",") + "}}"
    }
    #expect(try Self.parse(text(100_000)).entries.count == 100_000)
    #expect(throws: JSONTensorsError.tooManyTensors(limit: 100_000)) { try Self.parse(text(100_001)) }
  }
}
