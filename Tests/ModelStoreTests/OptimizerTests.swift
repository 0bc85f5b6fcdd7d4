import ModelStore
import Optimizers
import Tensors
import Testing

/// The members of `tfa.optimizers.SWA`, in Swift and without a server.
struct OptimizerTests {
  typealias Tensor = Tensors.Tensor

  private func momentum() -> SGD {
    var rule = SGD(learningRate: 0.5)
    rule.momentum = 0.5
    return rule
  }

  private func make(_ rule: (any Rule)? = nil, averagePeriod: Int = 2) throws -> Optimizer {
    try Optimizer(
      SWA(rule ?? momentum(), averagePeriod: averagePeriod), variables: [("w", [1, 2]), ("b", [0])])
  }

  @Test
  func stepsAndAveragesAreTheLanes() throws {
    let optimizer = try make()
    #expect(try optimizer.applyGradients([([1, 0], "w"), ([2], "b")]).isSnapshot)
    #expect(try optimizer.applyGradients([([1, 0], "w"), (nil, "b")]).isSnapshot == false)
    #expect(try optimizer.applyGradients([([0, 0], "w")], aggregate: false, name: "step").snapshots == 2)
    #expect(optimizer.iterations == 3)
    // m = -0.5, -0.75, -0.375
    #expect(try optimizer.value(of: "w").floats == [-0.625, 2])
    #expect(try optimizer.value(of: "b").floats == [-1])
    #expect(try optimizer.slot(named: "average", for: "w").floats == [(0.5 - 0.625) / 2, 2])
    #expect(try optimizer.slot(named: "momentum", for: "w").floats == [-0.375, 0])
    #expect(try optimizer.assignAverageVariables(["w"]) == ["w"])
    #expect(try optimizer.value(of: "w").floats == [-0.0625, 2])
    #expect(try optimizer.assignAverageVariables() == ["w", "b"])
  }

  @Test
  func heldValuesStayWhatTheyAre() throws {
    let optimizer = try make()
    let held = try optimizer.value(of: "w")
    try optimizer.applyGradients([([1, 1], "w")])
    #expect(held.floats == [1, 2])
    #expect(try optimizer.value(of: "w").floats == [0.5, 1.5])
  }

  @Test
  func minimizeTakesTheLosssGradients() throws {
    let optimizer = try make(SGD(learningRate: 0.25))
    // Half the squared distance to (3, 3), and of b to nothing.
    let loss: Optimizer.Loss = { weights in
      let w = try weights.tensor(named: "w").floats
      let gradient = Tensor(w.map { $0 - 3 })
      return (w.reduce(0) { $0 + Double(($1 - 3) * ($1 - 3)) / 2 }, [(.dense(gradient), "w"), ([1], "b")])
    }
    let first = try optimizer.minimize(loss, variables: ["w"])
    #expect(first.loss == 2.5)
    #expect(first.receipt.staleness == 0)
    #expect(try optimizer.value(of: "w").floats == [1.5, 2.25])
    #expect(try optimizer.value(of: "b").floats == [0])
    try optimizer.minimize(loss, gradLoss: 2, name: "descent")
    #expect(try optimizer.value(of: "w").floats == [2.25, 2.625])
    #expect(try optimizer.value(of: "b").floats == [-0.5])
    for _ in 0..<100 { try optimizer.minimize(loss) }
    #expect(try optimizer.value(of: "w").floats.allSatisfy { abs($0 - 3) < 1e-5 })
    #expect(throws: ModelError.self) { try optimizer.minimize(loss, variables: ["c"]) }
  }

  @Test
  func updatesAreStepsByGradientsOfALoss() throws {
    let optimizer = try make(SGD(learningRate: 1))
    let loss: Optimizer.Loss = { _ in (1, [([1, 1], "w")]) }
    #expect(throws: OptimizerError.missingGradient(variable: "b")) { try optimizer.gradients(of: loss) }
    #expect(throws: OptimizerError.missingGradient(variable: "b")) { try optimizer.updates(loss: loss) }
    #expect(optimizer.iterations == 0)
    #expect(try optimizer.gradients(of: loss, variables: ["w"]).count == 1)
    #expect(try optimizer.updates(loss: loss, variables: ["w"]).map(\.iterations) == [1])
    #expect(try optimizer.value(of: "w").floats == [0, 1])
  }

  @Test
  func rowsAreSummedAndCheckedAsOverHTTP() throws {
    let optimizer = try Optimizer(
      SWA(SGD(learningRate: 1)), variables: [("e", Tensor([0, 0, 0, 0], shape: [2, 2]))])
    try optimizer.applyGradients([(.rows([1, 1], values: Tensor([1, 2, 3, 4], shape: [2, 2])), "e")])
    #expect(try optimizer.value(of: "e").floats == [0, 0, -4, -6])
    for gradient in [.rows([2], values: Tensor([1, 2], shape: [1, 2])), [1, 2], nil] as [VariableGradient?] {
      #expect(throws: BodyError.self) { try optimizer.applyGradients([(gradient, "e")]) }
    }
    #expect(throws: BodyError.self) { try optimizer.applyGradients([(.dense([.nan]), "e")]) }
    #expect(throws: BodyError.self) { try optimizer.applyGradients([([1], "f")]) }
    #expect(optimizer.iterations == 1)
  }

  @Test
  func weightsThatAreSetTrainOnToTheSameBits() throws {
    let optimizer = try make(Adam(learningRate: 0.1), averagePeriod: 1)
    for _ in 0..<3 { try optimizer.applyGradients([([0.3, -0.2], "w"), ([0.1], "b")]) }
    #expect(
      try optimizer.variables.map(\.name) == [
        "iterations", "average/w", "average/b", "m/w", "m/b", "v/w", "v/b",
      ])
    let saved = try optimizer.weights
    #expect(saved[0].doubles == [3])
    let values = try ["w", "b"].map { try ($0, optimizer.value(of: $0)) }
    try optimizer.applyGradients([([0.7, 0.1], "w")])
    let expected = try optimizer.weights.map(\.floats)
    let other = try Optimizer(SWA(Adam(learningRate: 0.1), averagePeriod: 1), variables: values)
    try other.setWeights(saved)
    #expect(other.iterations == 3)
    try other.applyGradients([([0.7, 0.1], "w")])
    #expect(try other.weights.map(\.floats) == expected)
    #expect(throws: OptimizerError.weightCount(expected: 7, came: 6)) { try other.setWeights(saved.dropLast()) }
    #expect(throws: BodyError.self) { try other.setWeights(saved.reversed()) }
  }

  @Test
  func addedStateIsListedBehindTheOptimizersOwn() throws {
    let optimizer = try make()
    #expect(optimizer.slotNames == ["average", "momentum"])
    #expect(try optimizer.addSlot(named: "peak", for: "w").floats == [0, 0])
    try optimizer.addWeight(named: "patience", initialValue: [3])
    #expect(optimizer.slotNames == ["average", "momentum", "peak"])
    var weights = try optimizer.weights
    #expect(try optimizer.variables.map(\.name).suffix(2) == ["peak/w", "patience"])
    weights.replaceSubrange(weights.count - 2..<weights.count, with: [[5, 6], [7]])
    try optimizer.setWeights(weights)
    #expect(try optimizer.slot(named: "peak", for: "w").floats == [5, 6])
    #expect(try optimizer.weights.last?.floats == [7])
    #expect(throws: OptimizerError.nameTaken("momentum")) { try optimizer.addSlot(named: "momentum", for: "w") }
    #expect(throws: ModelError.self) { try optimizer.slot(named: "peak", for: "b") }
  }

  @Test
  func noAverageIsBetterThanZeros() throws {
    let optimizer = try Optimizer(SWA(SGD(), startAveraging: 1), variables: [("w", [1])])
    #expect(throws: ModelError.self) { try optimizer.slot(named: "average", for: "w") }
    #expect(throws: ModelError.self) { try optimizer.assignAverageVariables() }
    #expect(try optimizer.weights[1].floats == [0])
    #expect(try optimizer.value(of: "w").floats == [1])
  }

  @Test
  func theLearningRateMayChangeInFlight() throws {
    let optimizer = try make()
    #expect(optimizer.learningRate.value(at: 0) == 0.5)
    try optimizer.applyGradients([([0, 0], "w")])
    try optimizer.setLearningRate(0.125)
    #expect(optimizer.lr.value(at: 9) == 0.125)
    #expect(optimizer.iterations == 1)
    #expect(throws: ModelError.self) { try optimizer.setLearningRate(-1) }
    #expect(optimizer.config["average_period"] == 2)
  }
}
