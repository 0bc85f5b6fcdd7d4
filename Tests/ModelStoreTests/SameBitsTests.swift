import Optimizers
import Tensors
import Testing

@testable import ModelStore

/// How parameters are divided among variables, threads and packets changes no bit.
struct SameBitsTests {
  static let count = 530_001

  /// Splits the same elements into tensors of these lengths, the rest into a last one.
  private func tensors(_ values: [Float], lengths: [Int]) -> [Tensor] {
    var tensors: [Tensor] = []
    var start = 0
    for length in lengths + [values.count - lengths.reduce(0, +)] {
      let part = Array(values[start..<start + length])
      tensors.append(.f32("v" + String(repeating: "x", count: tensors.count), [length], part))
      start += length
    }
    return tensors
  }

  private func values(_ seed: Int, scale: Float) -> [Float] {
    (0..<Self.count).map { index in Float((index &* 7919 &+ seed &* 104_729) % 20_011 - 10_000) * scale }
  }

  private func run(
    _ rule: any Rule, clipping: Clipping, lengths: [Int], threads: Int, pieceByteCount: Int
  ) throws -> [UInt32] {
    var optimizer = SWA(rule)
    optimizer.averagePeriod = 2
    optimizer.clipping = clipping
    let model = try Model.make(optimizer, tensors(values(1, scale: 1e-4), lengths: lengths), threads: threads)
    for step in 0..<2 {
      try model.push(tensors(values(step + 2, scale: 3e-4), lengths: lengths), pieceByteCount: pieceByteCount)
    }
    return try (model.weights().elements + model.averagedWeights().elements).map(\.bitPattern)
  }

  @Test(arguments: [AnyRule.momentum, .nadam, .ftrl])
  func threadsAndSplittingAndCuttingGiveTheSameBits(rule: AnyRule) throws {
    var clipping = Clipping()
    clipping.value = 2.5
    clipping.globalNorm = 300
    let whole = try run(rule.rule, clipping: clipping, lengths: [], threads: 1, pieceByteCount: .max)
    #expect(try run(rule.rule, clipping: clipping, lengths: [], threads: 2, pieceByteCount: 65_521) == whole)
    let lengths = [1, 65_535, 65_536, 3, 0, 131_071, 77]
    #expect(try run(rule.rule, clipping: clipping, lengths: lengths, threads: 2, pieceByteCount: 999_983) == whole)
  }

  @Test
  func theNormDependsOnNeitherSplittingNorCutting() throws {
    let gradient = values(5, scale: 1e-3)
    var norms: Set<UInt64> = []
    for (lengths, pieceByteCount) in [([], Int.max), ([5, 70_000], 4099), ([65_536], 1_000_003)] as [([Int], Int)] {
      let model = try Model.make(SWA(), tensors(values(1, scale: 1), lengths: lengths))
      let receipt = try model.push(tensors(gradient, lengths: lengths), pieceByteCount: pieceByteCount)
      norms.insert(receipt.gradientNorm.bitPattern)
    }
    #expect(norms.count == 1)
  }
}
