import Optimizers
import Tensors
import Testing

@testable import ModelStore

extension Model {
  /// A model of float32 variables of these shapes, all elements 0, trained by plain descent at rate 1.
  static func make(
    shapes: [[Int]], averagePeriod: Int = 10, momentum: Float = 0, threads: Int = 2, like other: Model? = nil
  ) throws -> Model {
    var rule = SGD()
    rule.settings.learningRate = .constant(1)
    rule.momentum = momentum
    var optimizer = SWA(rule)
    optimizer.averagePeriod = averagePeriod
    let model = Model(optimizer: optimizer, threads: threads, pool: RegionPool())
    // Changes are made for one layout value; a model that replays another's has the same one.
    let layout =
      other?.status.model?.layout
      ?? Layout(
        shapes.enumerated().map { Variable(name: "v\($0)", dtype: .f32, shape: $1, isTrainable: true) })
    let values = try Region.zeros(byteCount: layout.byteCount, pool: model.pool)
    _ = try model.apply(.create(layout: layout, values: values, epoch: Epoch("0000000000000001")))
    return model
  }
}

extension Gradient {
  /// A gradient whose every element has one value, received as the file that a trainer would send.
  static func make(_ value: Float, for model: Model) throws -> Gradient {
    let layout = try #require(model.status.model?.layout)
    let tensors = layout.descriptions
    var bytes = SafetensorsHeader.encode(tensors: tensors, metadata: [])
    let element = (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    for _ in 0..<layout.elementCount { bytes += element }
    return try .make(bytes, for: model)
  }

  /// A gradient from a file that arrives in pieces of `pieceByteCount` bytes.
  static func make(_ file: [UInt8], for model: Model, pieceByteCount: Int = .max) throws -> Gradient {
    let layout = try #require(model.status.model?.layout)
    var receiver = GradientReceiver(
      layout: layout, totalByteCount: file.count, acceptsNonFinite: false, pool: model.pool)
    var sent = 0
    while sent < file.count {
      try receiver.receive { room in
        let count = min(room.count, file.count - sent, pieceByteCount)
        for index in 0..<count { room[index] = file[sent + index] }
        sent += count
        return count
      }
    }
    return try receiver.finish()
  }
}

extension Push {
  /// A push that says nothing of where its gradient comes from.
  static func make(_ gradient: Gradient) -> Push { Push(gradient: gradient) }
}

extension WeightsVersion {
  /// All elements, for float32 models.
  var elements: [Float] {
    values.withElements(of: Float.self, at: 0, count: layout.elementCount) { span in
      span.indices.map { span[$0] }
    }
  }
}
