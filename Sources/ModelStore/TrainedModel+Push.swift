import Optimizers
import Tensors

/// The step of the optimizer.
extension TrainedModel {
  /// What a push would be answered, without applying it.
  func receipt(of push: Push, by optimizer: any AveragingOptimizer) throws(ModelError) -> Receipt {
    try plan(push, by: optimizer).receipt
  }

  /// The step that a push is, and what it would be answered now.
  private func plan(
    _ push: Push, by optimizer: any AveragingOptimizer
  ) throws(ModelError) -> (receipt: Receipt, step: Step) {
    let staleness = try push.staleness(at: stamp, of: layout)
    let isSnapshot = optimizer.takesSnapshot(at: iterations)
    let step = optimizer.inner.step(at: iterations, scalars: scalars)
      .withRate(dividedBy: push.base.stalenessPolicy.rateDivisor(atStaleness: staleness))
    let receipt = Receipt(
      iterations: iterations + 1, isSnapshot: isSnapshot, snapshots: (average?.count ?? 0) + (isSnapshot ? 1 : 0),
      staleness: staleness, learningRate: step.effectiveLearningRate(), gradientNorm: push.gradient.norm, stamp: stamp)
    return (receipt, step)
  }

  /// Takes a step, all of it or none.
  ///
  /// Cost: the rule's memory traffic over the variables with a gradient, 12 bytes more a parameter at a snapshot, and a
  /// copy of each region that a reader holds.
  mutating func apply(
    _ push: Push, by optimizer: any AveragingOptimizer, threads: Int
  ) throws(ModelError) -> Receipt {
    let (planned, step) = try plan(push, by: optimizer)
    let rule = optimizer.inner
    let gradient = try GradientRuns(
      push.gradient, for: rule, clippedBy: [rule.settings.clipping, optimizer.clipping], threads: threads)
    if planned.isSnapshot, average == nil { average = try newAverage(by: optimizer) }
    for run in gradient.runs where run.wide != nil { applyWidened(run, by: rule, step) }
    for run in gradient.runs where run.wide == nil {
      rule.apply(run.extent, &variables, &slots, run.gradient, step)
    }
    scalars = firstType == .f64 ? rule.scalars(after: step, in: Double.self) : rule.scalars(after: step, in: Float.self)
    variables.endUpdate()
    for index in slots.indices { slots[index].endUpdate() }
    for index in push.gradient.assigned {
      let entry = layout.entries[index]
      variables.copyBytes(from: push.gradient.values, in: entry.computeRange, to: entry.offset)
    }
    if planned.isSnapshot { takeSnapshot(by: optimizer, threads: threads) }
    iterations += 1
    version += 1
    slotVersion += 1
    let receipt = Receipt(
      iterations: iterations, isSnapshot: planned.isSnapshot, snapshots: average?.count ?? 0,
      staleness: planned.staleness, learningRate: planned.learningRate, gradientNorm: planned.gradientNorm,
      stamp: stamp)
    for identity in push.identities { receipts.remember(receipt, of: identity) }
    return receipt
  }

  /// Updates a variable of halves in float32. Cost: two passes over the variable.
  private mutating func applyWidened(_ run: GradientRuns.GradientRun, by rule: any Rule, _ step: Step) {
    guard var wide = run.wide else { return }
    let (extent, type) = (run.extent, run.extent.storageType)
    wide.convertElements(
      from: variables, type, at: extent.variableOffset, count: extent.elementCount, to: type.computeType, at: 0)
    var target = RunExtent(
      storageType: type.computeType, elementCount: extent.elementCount, variableOffset: 0,
      computeOffset: extent.computeOffset, threads: extent.threads)
    target.rows = extent.rows
    rule.apply(target, &wide, &slots, run.gradient, step)
    wide.endUpdate()
    variables.convertElements(
      from: wide, type.computeType, at: 0, count: extent.elementCount, to: type, at: extent.variableOffset)
  }

  /// The compute type of the first trainable variable, in which a rule's own numbers are kept as in Keras.
  private var firstType: DType {
    layout.creationOrder.first { $0 < layout.trainableCount }.map { layout.entries[$0].computeType } ?? .f32
  }

  private func newAverage(by optimizer: any AveragingOptimizer) throws(ModelError) -> Average {
    do {
      var values = try Region(byteCount: layout.computeByteCount, pool: variables.pool)
      for entry in layout.entries.prefix(optimizer.startsAtVariables ? layout.trainableCount : 0) {
        values.convertElements(
          from: variables, entry.variable.dtype, at: entry.offset, count: entry.variable.elementCount,
          to: entry.computeType, at: entry.computeOffset)
      }
      return Average(values: values, count: 0, iterations: 0)
    } catch {
      throw .outOfMemory(byteCount: layout.computeByteCount)
    }
  }

  private mutating func takeSnapshot(by optimizer: any AveragingOptimizer, threads: Int) {
    guard var taken = average.take() else { return }
    for run in Gradient.runs(of: 0..<layout.trainableCount, in: layout, threads: threads) {
      optimizer.average(run, &taken.values, of: variables, count: taken.count, at: iterations)
    }
    taken.values.endUpdate()
    for entry in layout.entries.dropFirst(layout.trainableCount) {
      taken.values.copyBytes(from: variables, in: entry.range, to: entry.computeOffset)
    }
    taken.count += 1
    taken.iterations = iterations + 1
    average = taken
    averageVersion += 1
  }
}
