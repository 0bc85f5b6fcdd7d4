public import Tensors

/// Makes one gradient of several, element by element in their order:
///
///     a = w₁ g₁;  a += wᵢ gᵢ;  a /= d
///
/// all in the compute type, so that the same gradients in the same order give the same bits, whatever the number of
/// threads. Memory traffic an element of float32: 4 bytes for each gradient, and 4 for the result.
public struct WeightedSum: Sendable {
  /// What each gradient is multiplied by, in their order; nil for 1.
  public let weights: [Double]?
  /// What the sum is divided by; nil for 1.
  public let divisor: Double?

  /// A sum of gradients, or with a divisor their mean.
  public init(weights: [Double]? = nil, divisor: Double? = nil) {
    self.weights = weights
    self.divisor = divisor
  }

  /// Adds a run of `others` to that of the first gradient, and returns each block's sum of squares of what comes out.
  ///
  /// It goes in place unless somebody else holds the first gradient; `endUpdate` of it must follow.
  public func add(
    _ others: [Region], to first: inout Region, _ extent: RunExtent
  ) throws(RegionError) -> [Double] {
    let blockCount = (extent.elementCount + blockElementCount - 1) / blockElementCount
    let list = RunExtent(
      storageType: .f64, elementCount: blockCount, variableOffset: 0, computeOffset: 0, threads: 1)
    var squares = try Region(byteCount: blockCount * MemoryLayout<Double>.size, pool: first.pool)
    let target = BlockTarget<Double>(&squares, list, isVariable: false)
    @Sendable func note(_ sum: Double, _ block: Block) {
      let index = block.target.lowerBound / blockElementCount
      target.open(Block(target: index..<index + 1, source: 0..<0)) { $0[0] = sum }
    }
    if extent.storageType == .f64 {
      add(Double.self, others, to: &first, extent) { note($0.sumOfSquares(), $1) }
    } else {
      add(Float.self, others, to: &first, extent) { note($0.sumOfSquares(), $1) }
    }
    return squares.withElements(of: Double.self, at: 0, count: blockCount) { sums in sums.indices.map { sums[$0] } }
  }

  private func add<T: Trainable>(
    _: T.Type, _ others: [Region], to first: inout Region, _ extent: RunExtent,
    _ note: @Sendable (Span<T>, Block) -> Void
  ) {
    let weights = weights.map { $0.map { T($0) } }
    let divisor = divisor.map { T($0) }
    let sum = BlockTarget<T>(&first, extent, isVariable: false)
    let terms = others.map { BlockTarget<T>(reading: $0, extent) }
    eachBlock(extent) { block in
      sum.open(block) { a in
        if let weights, weights[0] != 1 { each(&a) { a in a *= weights[0] } }
        for (index, term) in terms.enumerated() {
          let weight = weights?[index + 1] ?? 1
          term.read(block.source) { g in
            if weight == 1 {
              each(&a, g) { a, g in a += g }
            } else {
              each(&a, g) { a, g in a += weight * g }
            }
          }
        }
        if let divisor { each(&a) { a in a /= divisor } }
        note(a.span, block)
      }
    }
    sum.finish(&first)
  }
}
