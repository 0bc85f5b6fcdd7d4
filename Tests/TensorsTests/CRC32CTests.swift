import Testing

@testable import Tensors

@Suite struct CRC32CTests {
  /// The check value of the CRC catalogues, then RFC 3720, appendix B.4.
  private static let vectors: [(bytes: [UInt8], checksum: UInt32)] = [
    ([], 0),
    (Array("123456789".utf8), 0xE306_9283),
    ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
    ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
    (Array(0..<32), 0x46DD_794E),
    ((0..<32).reversed(), 0x113F_DB5C),
  ]

  private static func byTable(_ bytes: [UInt8]) -> UInt32 {
    var checksum = CRC32C()
    checksum.updateByTable(bytes.span)
    return checksum.value
  }

  @Test(arguments: vectors) func knownVectors(_ bytes: [UInt8], _ expected: UInt32) {
    #expect(CRC32C(of: bytes.span).value == expected)
    #expect(Self.byTable(bytes) == expected)
  }

  @Test func instructionAndTableAgreeAtEveryLengthAndStart() {
    var random = SplitMix64(seed: 1)
    let bytes = (0..<400).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    for start in 0..<16 {
      for end in start...bytes.count {
        let piece = bytes.span.extracting(start..<end)
        #expect(CRC32C(of: piece).value == Self.byTable(Array(bytes[start..<end])))
      }
    }
  }

  @Test func piecesGiveTheChecksumOfTheWhole() {
    var random = SplitMix64(seed: 2)
    let bytes = (0..<300_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let whole = CRC32C(of: bytes.span)
    for _ in 0..<20 {
      var checksum = CRC32C()
      var start = 0
      while start < bytes.count {
        let end = min(start + Int.random(in: 1...50_000, using: &random), bytes.count)
        checksum.update(bytes.span.extracting(start..<end))
        start = end
      }
      #expect(checksum == whole)
    }
    #expect(whole.value == Self.byTable(bytes))
    #expect(CRC32C(value: whole.value) == whole)
  }

  @Test(arguments: [24_575, 24_576, 24_577, 24_584, 49_151, 49_152, 100_000]) func longPiecesAgreeWithTheTable(
    _ count: Int
  ) {
    var random = SplitMix64(seed: 3)
    let bytes = (0..<count + 3).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    var checksum = CRC32C(of: bytes.span.extracting(0..<3))
    checksum.update(bytes.span.extracting(3...))
    #expect(checksum.value == Self.byTable(bytes))
  }
}
