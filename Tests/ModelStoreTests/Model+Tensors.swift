import Optimizers
import Tensors
import Testing

@testable import ModelStore

extension Model {
  /// A model of these values.
  static func make(_ optimizer: any AveragingOptimizer, _ tensors: [Tensor], threads: Int = 1) throws -> Model {
    let model = Model(optimizer: optimizer, threads: threads, pool: RegionPool())
    let file = Tensor.file(tensors)
    var receiver = ModelReceiver(existing: nil, nonTrainable: [], totalByteCount: file.count, pool: model.pool)
    var sent = 0
    while sent < file.count {
      try receiver.receive { room in
        let count = min(room.count, file.count - sent)
        for index in 0..<count { room[index] = file[sent + index] }
        sent += count
        return count
      }
    }
    let (layout, values) = try receiver.finish()
    _ = try model.apply(.create(layout: layout, values: values, epoch: Epoch("0000000000000001")))
    return model
  }

  /// Takes a step with these gradients.
  @discardableResult
  func push(_ tensors: [Tensor], pieceByteCount: Int = .max) throws -> Receipt {
    let gradient = try Gradient.make(Tensor.file(tensors), for: self, pieceByteCount: pieceByteCount)
    guard case .pushed(let receipt, _) = try apply(.push(.make(gradient))) else { throw PushHadNoReceipt() }
    return receipt
  }

  /// Changes the optimizer's configuration.
  func patch(_ name: String, _ value: ConfigValue) throws {
    _ = try apply(.patchOptimizer(.object([.init(name, value)])))
  }

  struct PushHadNoReceipt: Error {}
}

extension WeightsVersion {
  /// A variable's float32 elements.
  func floats(of name: String) throws -> [Float] {
    let entry = layout.entries[try #require(layout.index(of: name))]
    let isAverage = if case .averaged = kind { true } else { false }
    let offset = isAverage ? entry.computeOffset : entry.offset
    return values.withElements(of: Float.self, at: offset, count: entry.variable.elementCount) { span in
      span.indices.map { span[$0] }
    }
  }
}

/// All rules with settings that use every slot.
enum AnyRule: String, CaseIterable, Sendable {
  case sgd, momentum, nesterov, adam, amsgrad, adamw, adamax, nadam, rmsprop, centered, adagrad, adadelta, ftrl, assign

  /// The rule at a rate of 0.1.
  var rule: any Rule {
    var rule = plain
    rule.settings.learningRate = .constant(0.1)
    return rule
  }

  private var plain: any Rule {
    var sgd = SGD()
    var adam = Adam()
    var rmsprop = RMSprop()
    switch self {
    case .sgd: return sgd
    case .momentum, .nesterov:
      sgd.momentum = 0.9
      sgd.nesterov = self == .nesterov
      return sgd
    case .adam, .amsgrad:
      adam.amsgrad = self == .amsgrad
      return adam
    case .adamw:
      var adamw = AdamW()
      adamw.weightDecay = 0.01
      return adamw
    case .adamax: return Adamax()
    case .nadam: return Nadam()
    case .rmsprop, .centered:
      rmsprop.centered = self == .centered
      rmsprop.momentum = self == .centered ? 0.5 : 0
      return rmsprop
    case .adagrad: return Adagrad()
    case .adadelta: return Adadelta()
    case .ftrl: return Ftrl()
    case .assign: return Assign()
    }
  }
}
