import Testing

@testable import Tensors

@Suite struct CRC32Tests {
  private static func byTable(_ bytes: [UInt8]) -> UInt32 {
    var checksum = CRC32()
    checksum.updateByTable(bytes.span)
    return checksum.value
  }

  /// The check value of the CRC catalogues, and checksums by zlib.
  @Test(
    arguments: [
      ([], 0), (Array("123456789".utf8), 0xCBF4_3926), ([UInt8](repeating: 0, count: 64), 0x758D_6336),
      ([UInt8](repeating: 0xFF, count: 200), 0x6B82_71ED), (Array(0..<255), 0xD32F_9BA0),
    ] as [([UInt8], UInt32)])
  func knownVectors(_ bytes: [UInt8], _ expected: UInt32) {
    #expect(CRC32(of: bytes.span).value == expected)
    #expect(Self.byTable(bytes) == expected)
  }

  @Test func instructionsAndTableAgreeAtEveryLengthAndStart() {
    var random = SplitMix64(seed: 1)
    let bytes = (0..<400).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    for start in 0..<16 {
      for end in start...bytes.count {
        #expect(CRC32(of: bytes.span.extracting(start..<end)).value == Self.byTable(Array(bytes[start..<end])))
      }
    }
  }

  @Test func piecesGiveTheChecksumOfTheWhole() {
    var random = SplitMix64(seed: 2)
    let bytes = (0..<100_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let whole = CRC32(of: bytes.span)
    for _ in 0..<20 {
      var checksum = CRC32()
      var start = 0
      while start < bytes.count {
        let end = min(start + Int.random(in: 1...20_000, using: &random), bytes.count)
        checksum.update(bytes.span.extracting(start..<end))
        start = end
      }
      #expect(checksum == whole)
    }
    #expect(whole.value == Self.byTable(bytes))
  }
}
