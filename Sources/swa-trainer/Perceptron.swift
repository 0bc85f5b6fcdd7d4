import Glibc

/// The demo's model: 64 pixels, one hidden layer of 64 rectified units, a softmax over 10 digits.
///
/// Its loss is the mean cross-entropy and `weightDecay` / 2 times the squares of the kernels. Parameters and gradients are
/// flat arrays in the order of `variables`, kernels by rows of inputs.
struct Perceptron<Number: BinaryFloatingPoint> {
  /// A part of the parameters.
  struct Variable {
    let name: String
    let shape: [Int]
    let range: Range<Int>
  }

  private static var inputCount: Int { Digits.pixelCount }
  private static var hiddenCount: Int { 64 }
  private static var outputCount: Int { Digits.classCount }

  private static var hiddenKernel: Range<Int> { 0..<inputCount * hiddenCount }
  private static var hiddenBias: Range<Int> { after(hiddenKernel, hiddenCount) }
  private static var outputKernel: Range<Int> { after(hiddenBias, hiddenCount * outputCount) }
  private static var outputBias: Range<Int> { after(outputKernel, outputCount) }

  static var parameterCount: Int { outputBias.upperBound }

  static var variables: [Variable] {
    [
      Variable(name: "hidden.kernel", shape: [inputCount, hiddenCount], range: hiddenKernel),
      Variable(name: "hidden.bias", shape: [hiddenCount], range: hiddenBias),
      Variable(name: "output.kernel", shape: [hiddenCount, outputCount], range: outputKernel),
      Variable(name: "output.bias", shape: [outputCount], range: outputBias),
    ]
  }

  var parameters: [Number]
  let weightDecay: Number

  init(parameters: [Number], weightDecay: Number) {
    precondition(parameters.count == Self.parameterCount)
    self.parameters = parameters
    self.weightDecay = weightDecay
  }

  /// Normal kernels that keep the variance of what passes through them (He et al. 2015), biases of 0.
  init(seed: UInt64, weightDecay: Number) {
    var generator = SplitMix64(seed: seed)
    var parameters = [Number](repeating: 0, count: Self.parameterCount)
    for index in Self.hiddenKernel {
      parameters[index] = Number(generator.normal() * (2 / Double(Self.inputCount)).squareRoot())
    }
    for index in Self.outputKernel {
      parameters[index] = Number(generator.normal() * (1 / Double(Self.hiddenCount)).squareRoot())
    }
    self.init(parameters: parameters, weightDecay: weightDecay)
  }

  /// The share of the images whose digit gets the highest probability.
  func accuracy(on digits: Digits) -> Double {
    var correct = 0
    for image in 0..<digits.count {
      let outputs = outputs(hidden(digits, image))
      let best = outputs.indices.max { outputs[$0] < outputs[$1] }
      if best == digits.labels[image] { correct += 1 }
    }
    return Double(correct) / Double(digits.count)
  }

  /// The loss over the images, and its gradient.
  func lossAndGradient(on digits: Digits) -> (loss: Number, gradient: [Number]) {
    var gradient = [Number](repeating: 0, count: Self.parameterCount)
    var loss: Number = 0
    let share = 1 / Number(digits.count)
    for image in 0..<digits.count {
      let hidden = hidden(digits, image)
      var delta = Self.softmax(outputs(hidden))
      let label = digits.labels[image]
      loss -= Number(log(Double(max(delta[label], .leastNormalMagnitude)))) * share
      delta[label] -= 1
      for output in delta.indices { delta[output] *= share }
      addGradient(of: delta, hidden, digits, image, to: &gradient)
    }
    for index in [Self.hiddenKernel, Self.outputKernel].joined() {
      let weight = parameters[index]
      gradient[index] += weightDecay * weight
      loss += weightDecay / 2 * weight * weight
    }
    return (loss, gradient)
  }

  private func hidden(_ digits: Digits, _ image: Int) -> [Number] {
    var hidden = Array(parameters[Self.hiddenBias])
    for input in 0..<Self.inputCount {
      let pixel = Number(digits.pixels[image * Self.inputCount + input])
      let row = Self.hiddenKernel.lowerBound + input * Self.hiddenCount
      for unit in 0..<Self.hiddenCount { hidden[unit] += pixel * parameters[row + unit] }
    }
    for unit in 0..<Self.hiddenCount { hidden[unit] = max(hidden[unit], 0) }
    return hidden
  }

  private func outputs(_ hidden: [Number]) -> [Number] {
    var outputs = Array(parameters[Self.outputBias])
    for unit in 0..<Self.hiddenCount {
      let row = Self.outputKernel.lowerBound + unit * Self.outputCount
      for output in 0..<Self.outputCount { outputs[output] += hidden[unit] * parameters[row + output] }
    }
    return outputs
  }

  /// Adds what one image contributes, by the chain rule from the outputs' derivatives backwards.
  private func addGradient(
    of delta: [Number], _ hidden: [Number], _ digits: Digits, _ image: Int, to gradient: inout [Number]
  ) {
    for output in 0..<Self.outputCount { gradient[Self.outputBias.lowerBound + output] += delta[output] }
    var hiddenDelta = [Number](repeating: 0, count: Self.hiddenCount)
    for unit in 0..<Self.hiddenCount where hidden[unit] > 0 {
      let row = Self.outputKernel.lowerBound + unit * Self.outputCount
      for output in 0..<Self.outputCount {
        gradient[row + output] += hidden[unit] * delta[output]
        hiddenDelta[unit] += parameters[row + output] * delta[output]
      }
    }
    for unit in 0..<Self.hiddenCount { gradient[Self.hiddenBias.lowerBound + unit] += hiddenDelta[unit] }
    for input in 0..<Self.inputCount {
      let pixel = Number(digits.pixels[image * Self.inputCount + input])
      let row = Self.hiddenKernel.lowerBound + input * Self.hiddenCount
      for unit in 0..<Self.hiddenCount { gradient[row + unit] += pixel * hiddenDelta[unit] }
    }
  }

  private static func softmax(_ outputs: [Number]) -> [Number] {
    let highest = outputs.max() ?? 0
    var probabilities = outputs.map { Number(exp(Double($0 - highest))) }
    let sum = probabilities.reduce(0, +)
    for output in probabilities.indices { probabilities[output] /= sum }
    return probabilities
  }

  private static func after(_ range: Range<Int>, _ count: Int) -> Range<Int> {
    range.upperBound..<range.upperBound + count
  }
}
