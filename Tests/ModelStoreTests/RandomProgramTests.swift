import Optimizers
import Tensors
import Testing

@testable import ModelStore

/// Random programs of pushes and changes against a plain reference: the mean stays right whatever is changed in between.
struct RandomProgramTests {
  /// Momentum descent and the mean of snapshots, one element after the other.
  struct Reference {
    var weights: [Float]
    var velocity: [Float]
    var average: [Float]?
    var count = 0
    var countEver = 0
    var iterations = 0
    var rate: Float = 0.1
    var momentum: Float = 0
    var start = 0
    var period = 10

    init(_ weights: [Float]) {
      self.weights = weights
      velocity = weights.map { _ in 0 }
    }

    mutating func push(_ gradient: [Float]) {
      for i in weights.indices {
        if momentum == 0 {
          weights[i] -= rate * gradient[i]
        } else {
          velocity[i] = momentum * velocity[i] - rate * gradient[i]
          weights[i] += velocity[i]
        }
      }
      if iterations >= start, (iterations - start) % period == 0 {
        let n = Float(count)
        let before = average ?? weights.map { _ in 0 }
        average = zip(before, weights).map { ($0 * n + $1) / (n + 1) }
        count += 1
        countEver += 1
      }
      iterations += 1
    }

    mutating func setMomentum(_ value: Float) {
      // From 0, the velocity starts anew.
      if value == 0 || momentum == 0 { velocity = velocity.map { _ in 0 } }
      momentum = value
    }
  }

  @Test(arguments: [UInt64](1...12))
  func theMeanStaysRight(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let names = ["a", "b", "c"]
    let lengths = [5, 1, 7]
    var reference = Reference((0..<13).map { _ in random.float() })
    func tensors(_ values: [Float]) -> [Tensor] {
      var start = 0
      return zip(names, lengths).map { name, length in
        defer { start += length }
        return .f32(name, [length], Array(values[start..<start + length]))
      }
    }
    var rule = SGD()
    rule.settings.learningRate = .constant(0.1)
    let model = try Model.make(SWA(rule), tensors(reference.weights))
    for _ in 0..<120 {
      try change(model, &reference, &random)
      let gradient = reference.weights.map { _ in random.float() }
      try model.push(tensors(gradient).shuffled(using: &random), pieceByteCount: 1 + Int(random.next() % 90))
      reference.push(gradient)

      let weights = try model.weights()
      #expect(try names.flatMap { try weights.floats(of: $0) } == reference.weights)
      if let expected = reference.average {
        let average = try model.averagedWeights()
        #expect(try names.flatMap { try average.floats(of: $0) } == expected)
        #expect(model.status.model?.average?.snapshots == reference.count)
      } else {
        #expect(throws: ModelError.self) { try model.averagedWeights() }
      }
    }
    #expect(reference.countEver > 0)
  }

  private func change(_ model: Model, _ reference: inout Reference, _ random: inout SplitMix) throws {
    switch random.next() % 12 {
    case 0:
      reference.period = Int(random.next() % 7) + 1
      try model.patch("average_period", .integer(reference.period))
    case 1:
      reference.start = Int(random.next() % 60)
      try model.patch("start_averaging", .integer(reference.start))
    case 2:
      reference.rate = random.float().magnitude
      try model.patch("learning_rate", .number(Double(reference.rate)))
    case 3:
      let momentum: Float = random.next() % 2 == 0 ? 0 : 0.9
      reference.setMomentum(momentum)
      let config = ConfigValue.object([.init("momentum", .number(Double(momentum)))])
      try model.patch("optimizer", .object([.init("config", config)]))
    case 4 where reference.average != nil:
      _ = try model.apply(.dropAverage)
      reference.average = nil
      reference.count = 0
    case 5 where reference.average != nil:
      _ = try model.apply(.assignAverage(variables: nil))
      reference.weights = reference.average ?? []
    default: break
    }
  }

  struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }

    /// A number of few digits in -1 … 1.
    mutating func float() -> Float { Float(Int(next() % 2049) - 1024) / 1024 }
  }
}
