import ModelStore
import Optimizers
import Tensors
import Testing

/// Recorded runs of TensorFlow Addons through the Swift API, without a server.
struct OptimizerGoldenTests {
  @Test(arguments: ["rule", "swa", "events", "missing", "moving_average", "sparse", "clip"])
  func theSwiftAPIComputesWhatTensorFlowDid(group: String) throws {
    var exact = 0
    for recorded in try GoldenCase.all(in: group) where !recorded.isBare {
      let difference = try replay(recorded)
      #expect(difference.comparedCount > 0)
      #expect(difference.isWithinTolerance, "\(recorded.name): \(difference.worst)")
      if recorded.isPlainArithmetic { #expect(difference.isToTheBit, "\(recorded.name): \(difference.worst)") }
      if difference.isToTheBit { exact += 1 }
    }
    #expect(exact > 0)
  }

  private func replay(_ recorded: GoldenCase) throws -> GoldenDifference {
    let serialized = try #require(recorded.config["config"])
    let wrapper: any AveragingOptimizer =
      recorded.wrapper == "SWA" ? try SWA(config: serialized) : try MovingAverage(config: serialized)
    let variables = try recorded.variables.map { ($0.name, try recorded.value("init/" + $0.name)) }
    let optimizer = try Optimizer(wrapper, variables: variables)
    var difference = GoldenDifference()
    for (number, step) in recorded.steps.enumerated() {
      let prefix = "step\(number)/"
      try optimizer.applyGradients(
        step.gradients.map { name, form in
          let source = prefix + "gradient/" + name
          switch form {
          case .none: return (nil, name)
          case .dense: return (.dense(try recorded.value(source)), name)
          case .sparse:
            let rows = try recorded.value(source + "/indices").doubles.map { Int($0) }
            return (.rows(rows, values: try recorded.value(source + "/values")), name)
          }
        })
      #expect(optimizer.iterations == step.iterations)
      for (name, _) in variables {
        let ours = try optimizer.value(of: name).doubles
        difference.compare(ours, try recorded.values(prefix + "variable/" + name), at: prefix + name)
        guard let average = try? optimizer.slot(named: "average", for: name) else { continue }
        let expected = try recorded.values(prefix + "average/" + name)
        difference.compare(average.doubles, expected, at: prefix + "average/" + name)
      }
      switch step.event {
      case nil: break
      case .assignAverages?: try optimizer.assignAverageVariables()
      case .learningRate(.number(let rate))?: try optimizer.setLearningRate(.constant(Float(rate)))
      case .learningRate(let other)?: Issue.record("\(recorded.name): \(other)")
      }
    }
    return difference
  }
}
