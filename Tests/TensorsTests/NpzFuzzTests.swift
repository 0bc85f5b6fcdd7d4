import Testing

@testable import Tensors

@Suite struct NpzFuzzTests {
  private static let originals = [
    NpzFixture.ofNumPy, NpzFixture.ofNumPyToPipe, NpzFixture().bytes,
    NpzFixture(members: [
      .init(
        "é.npy", NpzFixture.npy("{'descr': '|b1', 'fortran_order': True, 'shape': (1, 2)}", data: [0, 1]),
        flags: 1 << 11),
      .init("none.npy", NpzFixture.npy("{'descr': '<i2', 'fortran_order': False, 'shape': (0, 5)}", data: [])),
    ]).bytes,
  ]

  @Test func everyTruncationIsRefused() {
    for original in Self.originals {
      for count in 0..<original.count {
        let bytes = Array(original[..<count])
        #expect(throws: NpzError.truncated) { try NpzFixture.decode(bytes, piece: .max) }
        #expect(throws: NpzError.self) { try TensorFile(decodingNpz: bytes.span, pool: RegionPool()) }
      }
    }
  }

  @Test func originalsAreRead() throws {
    for original in Self.originals {
      let file = try TensorFile(decodingNpz: original.span, pool: RegionPool())
      check(file)
    }
  }

  /// Changes to the bytes of a file, and to a dictionary whose file is right around it.
  @Test func tenThousandMutantsAreRefusedOrComeBack() {
    var random = SplitMix64(seed: 6)
    var mutation = Mutation(seed: 7)
    var readCount = 0
    for index in 0..<10_000 {
      var mutant: [UInt8]
      if index % 3 == 0 {
        mutant = Self.originals[Int.random(in: 0..<Self.originals.count, using: &random)]
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          mutant[Int.random(in: 0..<mutant.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
      } else {
        let text = String(decoding: mutation.next(of: NpzFixture.header), as: UTF8.self)
        mutant = NpzFixture(members: [.init(header: text, data: NpzFixture.data)]).bytes
      }
      let pool = RegionPool()
      if let file = try? TensorFile(decodingNpz: mutant.span, pool: pool) {
        readCount += 1
        check(file)
      }
      // A block is taken for elements whose order changes.
      #expect(pool.peakByteCount <= 2 * mutant.count + 64 << 10)
    }
    // Both answers must be common, or the mutants test nothing.
    #expect(readCount > 400 && readCount < 6_000, "\(readCount)")
  }

  /// What is written again must be read as the same.
  private func check(_ file: TensorFile) {
    guard let bytes = file.encodedNpz(), let again = try? TensorFile(decodingNpz: bytes.span, pool: RegionPool()) else {
      Issue.record("not read again")
      return
    }
    #expect(again.header == file.header)
    #expect(again.encoded() == file.encoded())
    #expect(again.encodedNpz() == bytes)
  }
}
