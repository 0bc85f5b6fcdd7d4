import Optimizers
import Tensors
import Testing

@testable import ModelStore

/// Half-precision variables: the rule computes in float32 and the result is rounded once.
struct HalvesTests {
  static let start: [Float] = [1, -0.5, 0.333251953125, 100, 2048, -0.0001220703125, 0, 65_504]
  static let gradient: [Float] = [0.1, -3, 1e-4, 0.01, 5, 1e-3, 1e-7, -1]

  private func bits(_ version: WeightsVersion) -> [UInt16] {
    version.values.withElements(of: UInt16.self, at: 0, count: Self.start.count) { span in
      span.indices.map { span[$0] }
    }
  }

  @Test(arguments: AnyRule.allCases)
  func aStepIsTheFloatStepRoundedOnce(rule: AnyRule) throws {
    let shape = [4, 2]
    // Both can hold these values exactly, so all three models start at the same point.
    let start = Self.start.map { BFloat16(nearest: $0).float }.map { abs($0) < 65_504 ? $0 : 512 }
    let models = try (
      Model.make(SWA(rule.rule), [.f32("w", shape, start)]),
      Model.make(SWA(rule.rule), [.f16("w", shape, start.map { Float16($0) })]),
      Model.make(SWA(rule.rule), [.bf16("w", shape, start.map { BFloat16(nearest: $0) })])
    )
    let gradients: [Tensor] = [.f32("w", shape, Self.gradient)]
    try models.0.push(gradients)
    try models.1.push(gradients)
    try models.2.push(gradients)
    let expected = try models.0.weights().floats(of: "w")
    #expect(try bits(models.1.weights()) == expected.map { Float16($0).bitPattern })
    #expect(try bits(models.2.weights()) == expected.map { BFloat16(nearest: $0).bitPattern })
    // Slots never were halves.
    let slots = try models.0.optimizerState().slots
    for (own, other) in zip(slots, try models.2.optimizerState().slots) {
      #expect(own.values.elements == other.values.elements)
    }
    // The average is float32 of what the variable holds.
    #expect(
      try models.1.averagedWeights().values.elements.map(\.bitPattern)
        == expected.map { (Float(Float16($0)) + 0).bitPattern })
  }

  @Test(arguments: AnyRule.allCases)
  func rowsAreRoundedOnceToo(rule: AnyRule) throws {
    let start = Self.start.map { BFloat16(nearest: $0).float }
    let whole = try Model.make(SWA(rule.rule), [.f32("w", [4, 2], start)])
    let half = try Model.make(SWA(rule.rule), [.bf16("w", [4, 2], start.map { BFloat16(nearest: $0) })])
    let gradients = Tensor.sparse("w", rows: [3, 0, 3], width: 2, [1, 2, 3, 4, 5, 6])
    try whole.push(gradients)
    try half.push(gradients)
    let touched = try whole.weights().floats(of: "w").map { BFloat16(nearest: $0).bitPattern }
    // Plain descent rounds after each of a row's gradients.
    let rows = rule == .sgd ? 0..<2 : 0..<8
    #expect(try bits(half.weights())[rows].elementsEqual(touched[rows]))
  }
}

extension Region {
  /// All float32 elements.
  fileprivate var elements: [Float] {
    withElements(of: Float.self, at: 0, count: byteCount / 4) { span in span.indices.map { span[$0] } }
  }
}
