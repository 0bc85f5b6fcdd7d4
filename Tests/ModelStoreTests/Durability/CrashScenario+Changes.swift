import Optimizers
import Tensors
import Testing

@testable import ModelStore

/// The changes of the scenario, made for whatever model there is.
extension CrashScenario {
  typealias Making = @Sendable (Model, SavedState?) throws -> Change

  private struct NotPossible: Error {}

  private static func layout(of model: Model) throws -> Layout {
    guard let layout = model.capturedState().layout else { throw NotPossible() }
    return layout
  }

  static func epoch(_ number: Int) -> Epoch { Epoch("000000000000000\(number)") }

  static func create(_ number: Int) -> Making {
    { model, _ in
      let layout = Layout([
        Variable(name: "w", dtype: .f32, shape: [3, 2], isTrainable: true),
        Variable(name: "half", dtype: .bf16, shape: [5], isTrainable: true),
        Variable(name: "empty", dtype: .f32, shape: [0, 2], isTrainable: true),
        Variable(name: "mean", dtype: .f32, shape: [2], isTrainable: false),
        Variable(name: "count", dtype: .i64, shape: [], isTrainable: false),
        Variable(name: "mask", dtype: .bool, shape: [3], isTrainable: false),
      ])
      let values = try filled(layout.byteCount, UInt8(number), model.pool)
      return .create(layout: layout, values: values, epoch: epoch(number))
    }
  }

  static func push(_ value: Float) -> Making {
    { model, _ in
      // The steps push no value twice in an epoch.
      .push(Push(gradient: try gradient(value, for: model), identities: [identity("\(value)", "t")]))
    }
  }

  static func identity(_ key: String, _ trainer: String) -> PushIdentity {
    PushIdentity(
      key: PushKey(key, trainer: trainer, caller: ""), body: BodyDigest(of: [1, 2].span), seconds: 1000)
  }

  static func gradient(_ value: Float, for model: Model) throws -> Gradient {
    try Gradient.make(
      Tensor.file([
        .f32("w", [3, 2], (0..<6).map { value * Float($0) }),
        .f16("half", [5], (0..<5).map { Float16(value) + Float16($0) }),
        .f32("mean", [2], [value, -value]),
      ]), layout(of: model), pool: model.pool)
  }

  static let sparsePush: Making = { model, _ in
    let layout = try layout(of: model)
    let gradient = try Gradient.make(
      Tensor.file(Tensor.sparse("w", rows: [2, 0, 2], width: 2, [1, 2, 3, 4, 5, 6])), layout, pool: model.pool)
    // As a round of two trainers makes it.
    return .push(Push(gradient: gradient, identities: [identity("sparse", "a"), identity("sparse", "b")]))
  }

  static func patch(_ name: String, _ value: ConfigValue) -> Making {
    { _, _ in .patchOptimizer(.object([.init(name, value)])) }
  }

  static let setBuffers: Making = { model, _ in
    let layout = try layout(of: model)
    guard let index = layout.index(of: "mean") else { throw NotPossible() }
    let values = try filled(layout.computeByteCount, 9, model.pool)
    return .setAveragedBuffers(BufferValues(layout: layout, values: values, assigned: [index], average: nil))
  }

  static let assign: Making = { _, _ in .assignAverage(variables: ["w"]) }

  static func setOptimizer(_ number: Int) -> Making {
    { _, _ in
      var rule = Nadam()
      rule.settings.learningRate = .constant(0.1)
      var optimizer = SWA(rule)
      optimizer.averagePeriod = 1
      return .setOptimizer(optimizer, epoch: epoch(number))
    }
  }

  static func setOptimizerState(_ number: Int) -> Making {
    { model, _ in
      let state = model.capturedState().state
      guard let trained = state.trained else { throw NotPossible() }
      let rule = state.optimizer.inner
      let slots = try rule.slotNames.indices.map { try filled(trained.layout.slotByteCount, UInt8($0 + 1), model.pool) }
      return .setOptimizerState(
        SavedOptimizerState(
          layout: trained.layout, iterations: 7, scalars: rule.initialScalars.map { _ in 0.1 },
          average: try filled(trained.layout.computeByteCount, 3, model.pool), snapshots: 2, slotNames: rule.slotNames,
          slots: slots), epoch: epoch(number))
    }
  }

  static let replace: Making = { model, _ in
    let layout = try layout(of: model)
    return .replace(layout: layout, values: try filled(layout.byteCount, 40, model.pool))
  }

  static func restore(_ number: Int) -> Making {
    { _, saved in
      guard let saved else { throw NotPossible() }
      return .restore(saved, epoch: epoch(number))
    }
  }

  /// Bytes that differ from each other and are no NaN of any type.
  private static func filled(_ byteCount: Int, _ seed: UInt8, _ pool: RegionPool) throws -> Region {
    var region = try Region(byteCount: byteCount, pool: pool)
    region.withMutableBytes(in: 0..<byteCount) { (bytes: inout MutableSpan<UInt8>) in
      for index in 0..<byteCount { bytes[index] = (seed &+ UInt8(truncatingIfNeeded: index)) & 0x3F }
    }
    return region
  }
}

extension Gradient {
  /// A gradient from a file, for a layout.
  static func make(_ file: [UInt8], _ layout: Layout, pool: RegionPool) throws -> Gradient {
    var receiver = GradientReceiver(
      layout: layout, totalByteCount: file.count, acceptsNonFinite: false, pool: pool)
    var sent = 0
    while sent < file.count {
      try receiver.receive { room in
        let count = min(room.count, file.count - sent)
        for index in 0..<count { room[index] = file[sent + index] }
        sent += count
        return count
      }
    }
    return try receiver.finish()
  }
}
