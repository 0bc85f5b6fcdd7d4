import Optimizers
import Tensors
import Testing

@testable import ModelStore

/// New values of non-trainable variables in the averages.
struct AveragedBuffersTests {
  @Test
  func theyStayUntilTheNextSnapshot() throws {
    let model = try trained()
    let before = try model.averagedWeights()
    let stamp = try set([7, 8], in: model, of: before.stamp)
    let changed = try model.averagedWeights()
    #expect(changed.stamp == stamp)
    #expect(stamp.version == before.stamp.version + 1)
    #expect(stamp.iterations == before.stamp.iterations)
    #expect(try changed.floats(of: "mean") == [7, 8])
    #expect(try changed.floats(of: "w") == before.floats(of: "w"))
    #expect(try before.floats(of: "mean") == [0, 0])
    #expect(try model.weights().floats(of: "mean") == [0, 0])
    #expect(model.status.model?.average?.snapshots == 1)

    try model.push([.f32("w", [1], [1])])
    try model.push([.f32("w", [1], [1]), .f32("mean", [2], [3, 4])])
    #expect(try model.averagedWeights().floats(of: "mean") == [3, 4])
  }

  @Test
  func theyAreForTheAveragesThatTheyWereComputedWith() throws {
    let model = try trained()
    let stamp = try model.averagedWeights().stamp
    try set([7, 8], in: model, of: stamp)
    expectPreconditionFailed { try set([9, 9], in: model, of: stamp) }
    #expect(try model.averagedWeights().floats(of: "mean") == [7, 8])
    try set([9, 9], in: model, of: nil)
    #expect(try model.averagedWeights().floats(of: "mean") == [9, 9])
  }

  /// A model with its first snapshot taken, the next one two pushes away.
  private func trained() throws -> Model {
    var optimizer = SWA(SGD())
    optimizer.averagePeriod = 2
    let layout = Layout([
      Variable(name: "w", dtype: .f32, shape: [1], isTrainable: true),
      Variable(name: "mean", dtype: .f32, shape: [2], isTrainable: false),
    ])
    let model = Model(optimizer: optimizer, threads: 1, pool: RegionPool())
    let values = try Region.zeros(byteCount: layout.byteCount, pool: model.pool)
    _ = try model.apply(.create(layout: layout, values: values, epoch: Epoch("0000000000000001")))
    try model.push([.f32("w", [1], [1])])
    return model
  }

  @discardableResult
  private func set(_ mean: [Float], in model: Model, of average: VersionStamp?) throws -> VersionStamp {
    let layout = try #require(model.status.model?.layout)
    let index = try #require(layout.index(of: "mean"))
    var values = try Region(byteCount: layout.computeByteCount, pool: model.pool)
    values.withMutableElements(of: Float.self, at: layout.entries[index].computeOffset, count: 2) { span in
      for position in span.indices { span[position] = mean[position] }
    }
    let buffers = BufferValues(layout: layout, values: values, assigned: [index], average: average)
    guard case .averageChanged(["mean"], let stamp) = try model.apply(.setAveragedBuffers(buffers)) else {
      throw NothingWasChanged()
    }
    return stamp
  }

  private struct NothingWasChanged: Error {}

  private func expectPreconditionFailed(_ change: () throws -> Void) {
    do {
      try change()
      Issue.record("it was taken")
    } catch ModelError.preconditionFailed {
    } catch {
      Issue.record(error)
    }
  }
}
