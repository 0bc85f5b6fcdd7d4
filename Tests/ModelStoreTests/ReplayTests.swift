import Optimizers
import Tensors
import Testing

@testable import ModelStore

/// The same changes make the same bits: what a journal relies on.
struct ReplayTests {
  @Test(arguments: [1, 2])
  func recordedChangesReplayToTheSameBits(threads: Int) throws {
    let shapes = [[600, 900], [3], [17, 5]]
    let live = try Model.make(shapes: shapes, averagePeriod: 3, momentum: 0.9, threads: 2)
    var changes: [Change] = []
    for step in 0..<14 {
      let gradient = try Gradient.make(0.3 * Float(step) - 1.7, for: live)
      let base = GradientBase(iteration: step / 2, stalenessPolicy: .scale)
      changes.append(.push(step % 3 == 0 ? Push(gradient: gradient, base: base) : .make(gradient)))
      if step == 5 { changes.append(.patchOptimizer(.object([.init("average_period", .integer(2))]))) }
      if step == 8 { changes.append(.assignAverage(variables: ["v1"])) }
      if step == 10 { changes.append(.dropAverage) }
    }
    for change in changes { _ = try live.apply(change) }

    let replayed = try Model.make(shapes: shapes, averagePeriod: 3, momentum: 0.9, threads: threads, like: live)
    for change in changes { _ = try replayed.apply(change) }

    #expect(try live.weights().elements.map(\.bitPattern) == replayed.weights().elements.map(\.bitPattern))
    let averages = try (live.averagedWeights(), replayed.averagedWeights())
    #expect(averages.0.elements.map(\.bitPattern) == averages.1.elements.map(\.bitPattern))
    #expect(averages.0.stamp == averages.1.stamp)
  }
}
