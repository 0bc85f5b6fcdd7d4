import Optimizers
import Tensors
import Testing

@testable import ModelStore

/// The exponential moving average as part of a model.
struct MovingAverageTests {
  @Test
  func aDroppedAverageStartsAtTheValueThatThereIs() throws {
    var optimizer = MovingAverage()
    var rule = SGD()
    rule.settings.learningRate = .constant(1)
    optimizer.inner = rule
    optimizer.averageDecay = 0.5
    let model = try Model.make(optimizer, [.f32("w", [2], [4, 8]), .f32("still", [1], [3])])
    let push = [Tensor.f32("w", [2], [2, -2])]
    try model.push(push)
    #expect(try model.averagedWeights().floats(of: "w") == [3, 9])
    #expect(try model.averagedWeights().floats(of: "still") == [3])
    try model.push(push)
    #expect(try model.averagedWeights().floats(of: "w") == [1.5, 10.5])
    _ = try model.apply(.dropAverage)
    #expect(throws: ModelError.self) { try model.averagedWeights() }
    try model.push(push)
    // From 0 and 12, halfway to -2 and 14.
    #expect(try model.averagedWeights().floats(of: "w") == [-1, 13])
    #expect(model.status.model?.average?.snapshots == 1)
  }

  @Test
  func halvesStartAtTheirValuesInFloat32() throws {
    var optimizer = MovingAverage()
    var rule = SGD()
    rule.settings.learningRate = .constant(1)
    optimizer.inner = rule
    optimizer.averageDecay = 0.5
    let model = try Model.make(optimizer, [.f16("w", [1], [1.5])])
    try model.push([.f32("w", [1], [0.5])])
    #expect(try model.averagedWeights().floats(of: "w") == [1.25])
  }
}
