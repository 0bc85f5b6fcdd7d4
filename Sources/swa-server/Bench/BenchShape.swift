import ArgumentParser
import Tensors

/// A synthetic model's variables, all float32: ResNet-50's, some number of equal ones, or a table.
struct BenchShape: Equatable, Sendable, CustomStringConvertible {
  let description: String
  /// The shape of each variable.
  let shapes: [[Int]]

  /// He et al. 2016, "Deep Residual Learning for Image Recognition", table 1: 25,557,032 parameters in 161 tensors.
  static let resNet50 = BenchShape(description: "resnet-50", shapes: resNet50Shapes())

  /// `count` variables of `elementCount` elements.
  static func equal(_ count: Int, of elementCount: Int) -> BenchShape {
    BenchShape(description: "\(count)x\(elementCount)", shapes: Array(repeating: [elementCount], count: count))
  }

  /// One variable of rows.
  static func table(_ rowCount: Int, of width: Int) -> BenchShape {
    BenchShape(description: "table-\(rowCount)x\(width)", shapes: [[rowCount, width]])
  }

  var elementCount: Int { shapes.reduce(0) { $0 + $1.reduce(1, *) } }
  var byteCount: Int { 4 * elementCount }

  /// The variables one behind the other.
  var tensors: [TensorDescription] {
    var end = 0
    return shapes.enumerated().map { index, shape in
      let begin = end
      end += 4 * shape.reduce(1, *)
      return TensorDescription(name: "variable\(index)", dtype: .f32, shape: shape, range: begin..<end)
    }
  }

  private static func resNet50Shapes() -> [[Int]] {
    var shapes: [[Int]] = []
    func convolution(_ outputs: Int, _ inputs: Int, _ side: Int) {
      // With the scale and shift of its batch normalization.
      shapes += [[outputs, inputs, side, side], [outputs], [outputs]]
    }
    convolution(64, 3, 7)
    var inputs = 64
    for (blocks, width) in [(3, 64), (4, 128), (6, 256), (3, 512)] {
      for block in 0..<blocks {
        convolution(width, inputs, 1)
        convolution(width, width, 3)
        convolution(4 * width, width, 1)
        if block == 0 { convolution(4 * width, inputs, 1) }
        inputs = 4 * width
      }
    }
    return shapes + [[1000, 2048], [1000]]
  }
}

extension BenchShape: ExpressibleByArgument {
  init?(argument: String) {
    if argument == Self.resNet50.description {
      self = .resNet50
      return
    }
    let isTable = argument.hasPrefix("table-")
    let parts = argument.dropFirst(isTable ? 6 : 0).split(separator: "x").compactMap { Int($0) }
    guard parts.count == 2, parts.allSatisfy({ $0 > 0 }) else { return nil }
    self = isTable ? .table(parts[0], of: parts[1]) : .equal(parts[0], of: parts[1])
  }
}
