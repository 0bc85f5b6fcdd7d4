import Optimizers
import Tensors
import Testing

@testable import ModelStore

/// Gradients of some rows.
struct SparseTests {
  static let start = (0..<12).map { Float($0) / 8 }

  private func model(_ rule: any Rule, clipping: Clipping = Clipping()) throws -> Model {
    var optimizer = SWA(rule)
    optimizer.clipping = clipping
    return try Model.make(optimizer, [.f32("w", [6, 2], Self.start), .f32("b", [2], [1, 2])])
  }

  @Test(arguments: AnyRule.allCases)
  func onlyAdamMovesRowsWithoutAGradient(rule: AnyRule) throws {
    let model = try model(rule.rule)
    for _ in 0..<2 { try model.push(Tensor.sparse("w", rows: [4, 1], width: 2, [1, -1, 0.5, 2])) }
    try model.push(Tensor.sparse("w", rows: [0], width: 2, [1, 1]))
    let before = try model.weights().floats(of: "w")
    try model.push(Tensor.sparse("w", rows: [0], width: 2, [1, 1]))
    let after = try model.weights().floats(of: "w")
    let untouched = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    let movesAll = [.adam, .amsgrad, .adamw].contains(rule)
    #expect(untouched.contains { before[$0] != after[$0] } == movesAll)
    // Rows that never had a gradient have no moments to move by.
    #expect([4, 5, 6, 7, 10, 11].allSatisfy { after[$0] == Self.start[$0] })
    #expect(before[0] != after[0] || rule == .assign)
    #expect(try model.weights().floats(of: "b") == [1, 2])
  }

  @Test(arguments: AnyRule.allCases.filter { $0 != .assign })
  func repeatedRowsAreSummed(rule: AnyRule) throws {
    let repeated = try model(rule.rule)
    let summed = try model(rule.rule)
    let first = try repeated.push(
      Tensor.sparse("w", rows: [5, 2, 5, 5], width: 2, [1, 2, 0.5, 0.25, 4, 8, 16, 32]))
    let second = try summed.push(Tensor.sparse("w", rows: [5, 2], width: 2, [21, 42, 0.5, 0.25]))
    // Exact numbers, so plain descent gets there one step at a time too.
    let (a, b) = try (repeated.weights().floats(of: "w"), summed.weights().floats(of: "w"))
    #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 1e-6 })
    #expect(rule == .sgd || a == b)
    #expect(first.gradientNorm == second.gradientNorm)
    #expect(first.gradientNorm == (21 * 21 + 42 * 42 + 0.5 * 0.5 + 0.25 * 0.25 as Double).squareRoot())
  }

  @Test
  func theLastOfRepeatedRowsIsAssigned() throws {
    let model = try model(Assign())
    try model.push(Tensor.sparse("w", rows: [3, 0, 3], width: 2, [1, 2, 3, 4, 5, 6]))
    var expected = Self.start
    expected.replaceSubrange(6..<8, with: [5, 6])
    expected.replaceSubrange(0..<2, with: [3, 4])
    #expect(try model.weights().floats(of: "w") == expected)
  }

  @Test(arguments: AnyRule.allCases)
  func aReaderKeepsItsVersion(rule: AnyRule) throws {
    let free = try model(rule.rule)
    let held = try model(rule.rule)
    var versions: [WeightsVersion] = []
    for step in 0..<4 {
      let gradient = Tensor.sparse("w", rows: [step, 5 - step, step], width: 2, [1, 2, 3, 4, 5, 6])
      let dense = [Tensor.f32("b", [2], [0.5, 1])]
      versions.append(try held.weights())
      let state = try held.optimizerState()
      try held.push(gradient + dense)
      try free.push(gradient + dense)
      #expect(state.stamp.iterations == step)
    }
    #expect(try versions[0].floats(of: "w") == Self.start)
    #expect(try held.weights().elements == free.weights().elements)
    #expect(versions.map(\.stamp.iterations) == [0, 1, 2, 3])
    #expect(try versions[0].floats(of: "b") == [1, 2])
  }

  @Test
  func clippingTakesTheValuesAsTheyCame() throws {
    var rule = SGD()
    rule.settings.learningRate = .constant(1)
    rule.momentum = 0.5
    rule.settings.clipping.value = 1
    let model = try model(rule)
    let receipt = try model.push(Tensor.sparse("w", rows: [1, 1], width: 2, [3, -3, 0.5, 0.25]))
    // Each is clipped, then they are summed.
    var expected = Self.start
    expected[2] -= 1.5
    expected[3] -= -0.75
    #expect(try model.weights().floats(of: "w") == expected)
    #expect(receipt.gradientNorm == (3.5 * 3.5 + 2.75 * 2.75 as Double).squareRoot())
  }

  @Test
  func theInnerClippingComesBeforeTheWrappers() throws {
    var rule = SGD()
    rule.settings.learningRate = .constant(1)
    rule.settings.clipping.value = 4
    var clipping = Clipping()
    clipping.globalNorm = 2.5
    let model = try model(rule, clipping: clipping)
    try model.push([.f32("b", [2], [-3, 100])])
    // (-3, 4) has norm 5 and is halved.
    #expect(try model.weights().floats(of: "b") == [1 + 1.5, 2 - 2])
  }

  @Test
  func noRowsAreAGradientToo() throws {
    let model = try model(AnyRule.adam.rule)
    try model.push(Tensor.sparse("w", rows: [], width: 2, []))
    #expect(try model.weights().floats(of: "w") == Self.start)
    #expect(model.status.model?.stamp.iterations == 1)
  }

  @Test
  func valuesThatAreNotFiniteAreRefused() throws {
    let model = try model(SGD())
    #expect(throws: BodyError.self) {
      try model.push(Tensor.sparse("w", rows: [0, 1], width: 2, [1, 2, .nan, 4]))
    }
    #expect(throws: BodyError.self) {
      try model.push(Tensor.sparse("w", rows: [0, 1], width: 2, [1, .infinity, 3, 4]))
    }
    #expect(try model.weights().floats(of: "w") == Self.start)
  }
}
