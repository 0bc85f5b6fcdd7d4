import Testing

@testable import swa_trainer

/// The demo's model and data.
struct PerceptronTests {
  @Test func gradientIsTheNumericDerivativeOfTheLoss() {
    let digits = Digits.load().training.shard(0, of: 400)
    #expect(digits.count == 3)
    let model = Perceptron<Double>(seed: 3, weightDecay: 0.01)
    let gradient = model.lossAndGradient(on: digits).gradient
    let step = 1e-5
    var worst = 0.0
    var norm = 0.0
    // A prime stride meets every variable and every unit.
    for index in [0, Perceptron<Double>.parameterCount - 1]
      + Array(stride(from: 1, to: Perceptron<Double>.parameterCount, by: 7))
    {
      let losses = [step, -step].map { change in
        var changed = model
        changed.parameters[index] += change
        return changed.lossAndGradient(on: digits).loss
      }
      worst = max(worst, abs((losses[0] - losses[1]) / (2 * step) - gradient[index]))
      norm = max(norm, abs(gradient[index]))
    }
    #expect(norm > 0.1)
    #expect(worst < 1e-7)
  }

  @Test func testImagesAreNotTrainedOn() {
    let (training, test) = Digits.load()
    #expect(training.count == 1198 && test.count == 599)
    let images = { (digits: Digits) in
      Set((0..<digits.count).map { Array(digits.pixels[$0 * Digits.pixelCount..<($0 + 1) * Digits.pixelCount]) })
    }
    #expect(images(training).isDisjoint(with: images(test)))
    #expect(Set(test.labels) == Set(0...9))
    #expect(training.pixels.allSatisfy { (-1...1).contains($0) })
  }

  @Test func shardsAreDisjointAndTogetherEverything() {
    let training = Digits.load().training
    let shards = (0..<3).map { training.shard($0, of: 3) }
    #expect(shards.reduce(0) { $0 + $1.count } == training.count)
    for (index, shard) in shards.enumerated() {
      #expect(shard.labels == stride(from: index, to: training.count, by: 3).map { training.labels[$0] })
    }
  }

  @Test func aSeedMeansTheSameWeights() {
    let parameters = Perceptron<Float>(seed: 1, weightDecay: 0).parameters
    #expect(parameters == Perceptron<Float>(seed: 1, weightDecay: 0).parameters)
    #expect(parameters != Perceptron<Float>(seed: 2, weightDecay: 0).parameters)
  }

  @Test func weightsComeBackFromAFile() throws {
    let model = Perceptron<Float>(seed: 1, weightDecay: 0)
    #expect(try Perceptron(try Perceptron.file(model.parameters), weightDecay: 0).parameters == model.parameters)
  }
}
