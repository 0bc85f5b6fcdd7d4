import Testing

@testable import Tensors

@Suite struct NpzTests {
  private static func decode(_ bytes: [UInt8], pool: RegionPool = RegionPool()) throws(NpzError) -> TensorFile {
    try TensorFile(decodingNpz: bytes.span, pool: pool)
  }

  private static func refuse(
    _ error: NpzError, sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout NpzFixture) -> Void
  ) {
    var fixture = NpzFixture()
    change(&fixture)
    let bytes = fixture.bytes
    #expect(throws: error, sourceLocation: sourceLocation) { try Self.decode(bytes) }
    #expect(throws: error, sourceLocation: sourceLocation) { try NpzFixture.decode(bytes, piece: 1) }
  }

  @Test func filesOfNumPyAreReadFromPiecesOfEverySize() throws {
    for piece in 1...NpzFixture.ofNumPy.count {
      let values = try NpzFixture.decode(NpzFixture.ofNumPy, piece: piece)
      #expect(values == ["w": [1, 2, 3, 4, 5, 6], "n": [7]])
      #expect(try NpzFixture.decode(NpzFixture.ofNumPyToPipe, piece: piece) == ["w": [1.5, -2]])
    }
    #expect(try NpzFixture.decode(NpzFixture().bytes, piece: .max) == ["w": [1, -2]])
    let file = try Self.decode(NpzFixture.ofNumPy)
    #expect(file.tensors.map(\.name) == ["w", "n"])
    #expect(file["w"]?.shape == [2, 3])
    #expect(file["n"]?.dtype == .i64)
    #expect(file["n"]?.shape == [])
  }

  @Test func bytesAreThoseThatNumPyReads() throws {
    let file = try TensorFile([("w", [2], [1, -2])], metadata: ["kind": "test"])
    let header = NpzFixture.header + String(repeating: " ", count: 128 - 11 - NpzFixture.header.utf8.count) + "\n"
    var fixture = NpzFixture(members: [.init("w.npy", NpzFixture.npy(header, data: NpzFixture.data))])
    fixture.comment = Array(#"{"kind":"test"}"#.utf8)
    #expect(file.encodedNpz() == fixture.bytes)
  }

  @Test(arguments: DType.allCases) func everyTypeComesBack(_ dtype: DType) throws {
    let count = 6 * dtype.byteCount
    let header = SafetensorsHeader(
      metadata: [:], tensors: [TensorDescription(name: "é", dtype: dtype, shape: [2, 3], range: 0..<count)])
    var data = try Region(byteCount: count, pool: RegionPool())
    data.withMutableBytes(in: 0..<count) { bytes in
      for index in bytes.indices { bytes[index] = UInt8(index) & 1 }
    }
    let file = TensorFile(header: header, data: data)
    guard dtype != .bf16 else { return #expect(file.encodedNpz() == nil) }
    let bytes = try #require(file.encodedNpz())
    let again = try Self.decode(bytes)
    #expect(again.header == header)
    #expect(again.encoded() == file.encoded())
  }

  @Test(arguments: [[], [5], [3, 4], [2, 3, 4], [1, 7, 1, 2], [300, 500]]) func columnsFirstBecomesRowsFirst(
    _ shape: [Int]
  ) throws {
    let count = shape.reduce(1, *)
    // An element's value is its place in row-major order.
    var values: [Float] = []
    var index = [Int](repeating: 0, count: shape.count)
    for _ in 0..<count {
      values.append(Float(zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }))
      for axis in shape.indices {
        index[axis] += 1
        guard index[axis] == shape[axis] else { break }
        index[axis] = 0
      }
    }
    var data: [UInt8] = []
    for value in values { data.append(littleEndian: value.bitPattern) }
    let text = shape.map { "\($0)," }.joined(separator: " ")
    let header = "{'descr': '<f4', 'fortran_order': True, 'shape': (\(text))}"
    let fixture = NpzFixture(members: [.init(header: header, data: data)])
    for piece in [999, .max] {
      #expect(try NpzFixture.decode(fixture.bytes, piece: piece) == ["w": (0..<count).map { Float($0) }])
    }
  }

  @Test(arguments: [0, 4, 3]) func columnsFirstOfAnotherTypeIsConvertedWhereverItBelongs(_ offset: Int) throws {
    var intake = TensorIntake()
    let region = intake.add(try Region(byteCount: offset + 24, pool: RegionPool()))
    let tensor = TensorDescription(name: "w", dtype: .f16, shape: [3, 2], range: 0..<12, isColumnMajor: true)
    intake.place(tensor, in: region, at: offset, as: .f32)
    let halves: [UInt16] = [0, 2, 4, 1, 3, 5].map { Float16($0).bitPattern }
    try intake.receive { target in
      for (index, half) in halves.enumerated() {
        (target[2 * index], target[2 * index + 1]) = (UInt8(truncatingIfNeeded: half), UInt8(half >> 8))
      }
      return 12
    }
    #expect(intake.isComplete)
    #expect(Tensor(dtype: .f32, shape: [3, 2], in: intake.regions[0], at: offset).floats == [0, 1, 2, 3, 4, 5])
  }

  @Test(
    arguments: [
      "{\"shape\":(2,),\"fortran_order\":True,\"descr\":\"<f4\"}",
      "{'descr':'<f4','fortran_order':False,'shape':( 2 , ), }   \n",
    ])
  func otherDictionariesOfPythonAreRead(header: String) throws {
    for version: UInt8 in 1...3 {
      let fixture = NpzFixture(members: [.init(header: header, version: version, data: NpzFixture.data)])
      #expect(try NpzFixture.decode(fixture.bytes, piece: .max) == ["w": [1, -2]])
    }
  }

  @Test(
    arguments: [
      ("", 0), ("x", 0), ("{'descr': '<f4'", 15), ("{'descr': '<f4', 'fortran_order': 1}", 34),
      ("{'descr': '<f4', 'descr': '<f4'}", 17), ("{'x': 1}", 1), ("{}", 2), ("{'descr': <f4}", 10),
      ("{descr: '<f4'}", 1),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (2)}", 51 + 1), ("{'descr': '<f4' 'shape'", 16),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': [2]}", 50), ("{'descr': '\\x3c'}", 11),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 51),
      ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}x", 55),
    ])
  func malformedHeader(header: String, offset: Int) {
    let bytes = NpzFixture(members: [.init(header: header, data: NpzFixture.data)]).bytes
    let error = #expect(throws: NpzError.self) { try Self.decode(bytes) }
    guard case .malformedHeader("w", 10 + offset, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test(
    arguments: [
      ("'|O'", "'|O'"), ("'<U4'", "'<U4'"), ("'|S4'", "'|S4'"), ("'<c8'", "'<c8'"), ("'<u4'", "'<u4'"),
      ("'<V2'", "'<V2'"),
      ("'=f4'", "'=f4'"), ("'>x4'", "'>x4'"), ("[('a', '<f4')]", "of structures"),
    ])
  func unsupportedDType(descr: String, told: String) {
    Self.refuse(.unsupportedDType(member: "w", descr: told)) { fixture in
      fixture.members = [.init(header: "{'descr': \(descr), 'fortran_order': False, 'shape': (2,)}")]
    }
  }

  @Test(arguments: [">f8", ">f4", ">f2", ">i8", ">i4", ">i2"]) func bigEndian(descr: String) {
    Self.refuse(.bigEndian(member: "w", descr: descr)) { fixture in
      fixture.members = [.init(header: "{'descr': '\(descr)', 'fortran_order': False, 'shape': (2,)}")]
    }
  }

  @Test func tooManyDimensions() {
    Self.refuse(.tooManyDimensions(member: "w", limit: 32)) { fixture in
      let shape = String(repeating: "1, ", count: 33)
      fixture.members = [.init(header: "{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape))}")]
    }
  }

  @Test(arguments: ["99999999999999999999,", "4611686018427387904, 4", "0, 4611686018427387904, 4", "140737488355328,"])
  func sizeOverflow(shape: String) {
    Self.refuse(.sizeOverflow(member: "w")) { fixture in
      fixture.members = [.init(header: "{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape))}")]
    }
  }

  @Test func sizeMismatch() {
    for count in [0, 7, 9] {
      let data = [UInt8](repeating: 0, count: count)
      Self.refuse(
        .sizeMismatch(member: "w", expected: 10 + NpzFixture.header.utf8.count + 8, came: UInt64(67 + count))
      ) { fixture in
        fixture.members = [.init(header: NpzFixture.header, data: data)]
      }
    }
  }

  @Test func checksumMismatch() {
    let came = NpzFixture().members[0].checksum
    Self.refuse(.checksumMismatch(member: "w", expected: 1, came: came)) { $0.members[0].checksum = 1 }
  }

  @Test func compressedAndEncrypted() {
    Self.refuse(.compressed(member: "w", method: 8)) { $0.members[0].method = 8 }
    Self.refuse(.encrypted(member: "w")) { $0.members[0].flags = 1 }
    Self.refuse(.unsupportedFlags(member: "w", flags: 1 << 5)) { $0.members[0].flags = 1 << 5 }
  }

  @Test func twoSizes() {
    Self.refuse(.twoSizes(member: "w", stored: 1, original: 75)) { $0.members[0].storedByteCount = 1 }
  }

  @Test func malformedExtraField() {
    Self.refuse(.malformedExtraField(member: "w")) { $0.members[0].byteCount = .max }
    Self.refuse(.malformedExtraField(member: "w")) { fixture in
      fixture.members[0].byteCount = .max
      fixture.members[0].extra = [1, 0, 16, 0, 75, 0, 0, 0, 0, 0]
    }
  }

  @Test func names() {
    Self.refuse(.notArray(file: "w.txt")) { $0.members[0].name = Array("w.txt".utf8) }
    Self.refuse(.notArray(file: "")) { $0.members[0].name = [] }
    Self.refuse(.nameNotUTF8(offset: 0)) { $0.members[0].name = Array("é.npy".utf8) }
    Self.refuse(.nameNotUTF8(offset: 0)) { fixture in
      fixture.members[0].flags = 1 << 11
      fixture.members[0].name = [0xC3] + Array(".npy".utf8)
    }
    Self.refuse(.nameTooLong(offset: 0, byteCount: 2004, limit: 1024)) { fixture in
      fixture.members[0].name = Array((String(repeating: "x", count: 2000) + ".npy").utf8)
    }
    for name in ["", "a,b", "a\u{1}", "__metadata__"] {
      Self.refuse(.invalidName(name)) { $0.members[0].name = Array("\(name).npy".utf8) }
    }
    Self.refuse(.duplicateName("w")) { $0.members.append($0.members[0]) }
  }

  @Test func notNpy() {
    Self.refuse(.notNpy(member: "w")) { $0.members[0] = .init("w.npy", Array("\u{93}NUMPY and more".utf8)) }
    Self.refuse(.notNpy(member: "w")) { $0.members[0] = .init("w.npy", []) }
    Self.refuse(.unknownVersion(member: "w", major: 4, minor: 0)) { fixture in
      fixture.members[0] = .init(header: NpzFixture.header, version: 4, data: NpzFixture.data)
    }
    Self.refuse(.headerTooLong(member: "w", byteCount: 65_537, limit: 65_536)) { fixture in
      fixture.members[0] = .init(header: String(repeating: " ", count: 65_537), version: 2)
    }
  }

  @Test func directory() {
    func listed(_ change: @escaping (inout NpzFixture.Member) -> Void) -> (inout NpzFixture) -> Void {
      return { fixture in
        var member = fixture.members[0]
        change(&member)
        fixture.listed = [member]
      }
    }
    let checksum = NpzFixture().members[0].checksum
    Self.refuse(
      .memberMismatch(member: "w", field: "CRC-32", expected: UInt64(checksum), came: 1), listed { $0.checksum = 1 })
    Self.refuse(
      .memberMismatch(member: "w", field: "size", expected: 75, came: 9),
      listed { ($0.storedByteCount, $0.byteCount) = (9, 9) })
    Self.refuse(.memberOrder(expected: "w", came: "v"), listed { $0.name[0] = UInt8(ascii: "v") })
    Self.refuse(.compressed(member: "w", method: 8), listed { $0.method = 8 })
    Self.refuse(.endMismatch(field: "number of members", expected: 1, came: 0)) { $0.listed = [] }
    Self.refuse(.endMismatch(field: "number of members", expected: 1, came: 2)) { $0.listed = $0.members + $0.members }
    Self.refuse(.endMismatch(field: "number of members", expected: 1, came: 2)) { $0.countInEnd = 2 }
    Self.refuse(.endMismatch(field: "offset of the central directory", expected: 110, came: 0)) { $0.offsetInEnd = 0 }
    Self.refuse(.endMismatch(field: "number of this disk", expected: 0, came: 1)) { $0.diskInEnd = 1 }
    Self.refuse(.memberMismatch(member: "v", field: "offset", expected: 110, came: 0)) { fixture in
      fixture.members.append(.init("v.npy", fixture.members[0].content))
      fixture.hasOverlap = true
    }
  }

  @Test func surplusAndWhatIsNoArchive() {
    let bytes = NpzFixture().bytes
    #expect(throws: NpzError.surplus) { try Self.decode(bytes + [0]) }
    #expect(throws: NpzError.unexpectedRecord(offset: 0, signature: 0x6464_6464)) {
      try Self.decode(Array("dddd".utf8))
    }
    #expect(throws: NpzError.unexpectedRecord(offset: 0, signature: 0x034B_5000)) { try Self.decode([0] + bytes) }
    let local = NpzFixture().members[0].local
    #expect(throws: NpzError.unexpectedRecord(offset: local.count, signature: 0)) {
      try Self.decode(local + [0, 0, 0, 0] + bytes.dropFirst(local.count))
    }
  }

  @Test func anEmptyArchiveHoldsNothing() throws {
    let bytes = NpzFixture(members: []).bytes
    #expect(bytes.count == 22)
    #expect(try Self.decode(bytes).tensors.isEmpty)
    #expect(NpzArchive().end() == bytes)
  }

  @Test func tooManyTensors() throws {
    var check = ZipDirectoryCheck()
    func begin(_ index: Int) throws {
      let local = NpzFixture.Member("\(index).npy", []).local
      try check.begin(try ZipEntry(.localHeader, parsing: local.span, at: 0), at: 0)
    }
    for index in 0..<TensorDescription.maximumCount { try begin(index) }
    #expect(throws: NpzError.tooManyTensors(limit: 100_000)) { try begin(100_000) }
  }

  @Test func aDeclaredSizeAllocatesNothing() {
    let pool = RegionPool()
    var fixture = NpzFixture()
    fixture.members = [.init(header: "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000,)}")]
    fixture.members[0].byteCount = 4_000_000_075
    fixture.members[0].storedByteCount = 4_000_000_075
    #expect(throws: NpzError.sizeMismatch(member: "w", expected: 4_000_000_074, came: 4_000_000_075)) {
      try Self.decode(fixture.bytes, pool: pool)
    }
    fixture.members[0].byteCount -= 1
    fixture.members[0].storedByteCount -= 1
    #expect(throws: NpzError.truncated) { try Self.decode(fixture.bytes, pool: pool) }
    #expect(pool.peakByteCount == 0)
  }

  @Test func what32BitsDoNotHoldIsZip64() throws {
    var archive = NpzArchive()
    let large = TensorDescription(name: "large", dtype: .u8, shape: [5 << 30], range: 0..<5 << 30)
    let small = TensorDescription(name: "small", dtype: .u8, shape: [1], range: 5 << 30..<5 << 30 + 1)
    let head = archive.head(of: large) { _ in }
    let entry = try ZipEntry(.localHeader, parsing: head.span, at: 0)
    #expect(entry.isZip64 && entry.byteCount == 5 << 30 + 128 && entry.storedByteCount == entry.byteCount)
    let offset = head.count + 5 << 30
    let next = archive.head(of: small) { _ in }
    #expect(try !ZipEntry(.localHeader, parsing: next.span, at: 0).isZip64)
    let end = archive.end()
    let first = end.span.extracting(0..<ZipRecord.directoryEntry.byteCount(in: end.span))
    #expect(try ZipEntry(.directoryEntry, parsing: first, at: 0).byteCount == entry.byteCount)
    var rest = end.span.extracting(droppingFirst: first.count)
    let second = try ZipEntry(.directoryEntry, parsing: rest, at: 0)
    #expect(second.offset == UInt64(offset) && second.byteCount == 129)
    rest = rest.extracting(droppingFirst: ZipRecord.directoryEntry.byteCount(in: rest))
    let zip64End = ZipEnd(.zip64End, parsing: rest)
    let start = UInt64(offset + next.count + 1)
    let fields = zip64End.fields.map { "\($0.field) \($0.value)" }
    #expect(
      fields == [
        "zip64EndByteCount 44", "disk 0", "disk 0", "memberCount 2", "memberCount 2",
        "directoryByteCount \(end.count - 56 - 20 - 22)", "directoryOffset \(start)",
      ])
    let locator = ZipEnd(.zip64Locator, parsing: rest.extracting(droppingFirst: 56))
    #expect(locator.fields.map(\.value) == [0, start + UInt64(end.count - 56 - 20 - 22), 1])
    let last = ZipEnd(.end, parsing: rest.extracting(droppingFirst: 76))
    #expect(last.fields.map(\.value) == [0, 0, 2, 2, UInt64(end.count - 98)])
  }

  @Test func aCommentThatIsTooLongLosesItsLongestMember() throws {
    let long = String(repeating: "x", count: 70_000)
    let end = NpzArchive().end(metadata: [("a", "1"), ("b", long), ("c", "2")])
    #expect(end.suffix(17) == Array(#"{"a":"1","c":"2"}"#.utf8))
    #expect(NpzArchive().end(metadata: [("b", long)]).suffix(2) == Array("{}".utf8))
  }
}
