import FoundationEssentials
import Tensors
import Testing

@Suite struct SafetensorsFuzzTests {
  private static let mutantsFolder = ProcessInfo.processInfo.environment["SWA_MUTANTS_DIR"]

  @Test func everyTruncationIsRefused() {
    for original in Mutation.originals {
      for count in 0..<original.count {
        #expect(throws: SafetensorsError.self) { try TensorFileTests.decode(Array(original[..<count])) }
      }
    }
  }

  @Test func originalsAreRead() throws {
    for original in Mutation.originals { try check(TensorFileTests.decode(original)) }
  }

  @Test func aHundredThousandMutantsAreRefusedOrComeBack() throws {
    var mutation = Mutation(seed: 4)
    var readCount = 0
    for _ in 0..<100_000 {
      let mutant = mutation.next()
      let pool = RegionPool()
      if let file = try? TensorFileTests.decode(mutant, pool: pool) {
        readCount += 1
        try check(file)
      }
      #expect(pool.peakByteCount <= mutant.count + 64)
    }
    // Both answers must be common, or the mutants test nothing.
    #expect(readCount > 10_000 && readCount < 60_000, "\(readCount)")
  }

  /// For another reader of the format: mutants, and in `verdicts` for each `read`, or the name of the error.
  @Test(.enabled(if: mutantsFolder != nil))
  func twoThousandMutantsAreWrittenOut() throws {
    let folder = URL(filePath: try #require(Self.mutantsFolder), directoryHint: .isDirectory)
    var mutation = Mutation(seed: 5)
    var verdicts = ""
    for index in 0..<2_000 {
      let mutant = mutation.next()
      try Data(mutant).write(to: folder.appending(path: "\(index)"))
      do {
        _ = try TensorFileTests.decode(mutant)
        verdicts += "read\n"
      } catch {
        verdicts += "\(Mirror(reflecting: error).children.first?.label ?? error.description)\n"
      }
    }
    try Data(verdicts.utf8).write(to: folder.appending(path: "verdicts"))
  }

  /// What is written again must be read as the same.
  private func check(_ file: TensorFile) throws {
    let bytes = file.encoded()
    let again = try TensorFileTests.decode(bytes)
    #expect(again.header == file.header)
    #expect(again.encoded() == bytes)
    #expect(bytes.suffix(file.data.byteCount).elementsEqual(dataBytes(of: file)))
  }

  private func dataBytes(of file: TensorFile) -> [UInt8] {
    file.data.withBytes { span in span.indices.map { span[$0] } }
  }
}
