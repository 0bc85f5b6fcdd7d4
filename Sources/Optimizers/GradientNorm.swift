public import Tensors

/// The 2-norm of gradients and whether all are finite, found while they arrive and are still in cache.
///
/// Each 64 Ki-element block of the present gradients has a sum of squares of its own; the sums are added in layout
/// order, so that how the bytes were cut on their way changes no bit.
public struct GradientNorm: Sendable {
  private let parts: [Part]
  private var part = 0
  private var done = 0
  private var sumOfSquares = 0.0

  /// Neighbouring elements of one type in a region of gradients.
  struct Part: Sendable {
    let type: DType
    let offset: Int
    var elementCount: Int
  }

  /// The norm of the trainable entries with these indices, ascending.
  public init(of indices: [Int], in layout: Layout) {
    var parts: [Part] = []
    var end = 0
    for index in indices {
      let entry = layout.entries[index]
      let range = entry.computeRange
      let count = range.count / entry.computeType.byteCount
      if let last = parts.last, last.type == entry.computeType, range.lowerBound == end {
        parts[parts.count - 1].elementCount += count
      } else {
        parts.append(Part(type: entry.computeType, offset: range.lowerBound, elementCount: count))
      }
      end = range.upperBound
    }
    self.parts = parts
  }

  /// Takes in the blocks that end at or before byte `frontier`; all before it has been received.
  public mutating func advance(to frontier: Int, in region: Region) {
    while part < parts.count {
      let current = parts[part]
      let count = min(blockElementCount, current.elementCount - done)
      let offset = current.offset + done * current.type.byteCount
      guard offset + count * current.type.byteCount <= frontier else { return }
      if current.type == .f64 {
        region.withElements(of: Double.self, at: offset, count: count) { sumOfSquares += $0.sumOfSquares() }
      } else {
        region.withElements(of: Float.self, at: offset, count: count) { sumOfSquares += $0.sumOfSquares() }
      }
      done += count
      if done == current.elementCount {
        part += 1
        done = 0
      }
    }
  }

  /// The runs that the blocks are cut from.
  public func extents(threads: Int) -> [RunExtent] {
    parts.map {
      RunExtent(
        storageType: $0.type, elementCount: $0.elementCount, variableOffset: 0, computeOffset: $0.offset,
        threads: threads)
    }
  }

  /// Takes in all blocks by their sums of squares, which were found elsewhere, in layout order.
  public mutating func take(_ sums: some Sequence<Double>) {
    for sum in sums { sumOfSquares += sum }
    part = parts.count
  }

  /// The norm of all, once everything was received, and of summed rows of sparse gradients; nil when an element is not
  /// finite.
  public mutating func finish(in region: Region, rows: [(type: DType, values: Region)] = []) -> Double? {
    advance(to: region.byteCount, in: region)
    let rowPieces = rows.map {
      (Part(type: $0.type, offset: 0, elementCount: $0.values.byteCount / $0.type.byteCount), $0.values)
    }
    for (part, values) in rowPieces { sumOfSquares += part.sumOfSquares(in: values) }
    if sumOfSquares.isFinite { return sumOfSquares.squareRoot() }
    return Self.scaledNorm(of: parts.map { ($0, region) } + rowPieces)
  }

  /// The norm when squares of float64 gradients overflow.
  private static func scaledNorm(of pieces: [(Part, Region)]) -> Double? {
    var largest = 0.0
    for (part, region) in pieces where part.type == .f64 {
      region.withElements(of: Double.self, at: part.offset, count: part.elementCount) { values in
        for index in values.indices { largest = values[index].isFinite ? max(largest, abs(values[index])) : .nan }
      }
    }
    guard largest.isFinite, largest > 1 else { return nil }
    var sum = 0.0
    for (part, region) in pieces {
      if part.type == .f64 {
        region.withElements(of: Double.self, at: part.offset, count: part.elementCount) { values in
          for index in values.indices { sum += (values[index] / largest) * (values[index] / largest) }
        }
      } else {
        region.withElements(of: Float.self, at: part.offset, count: part.elementCount) { values in
          for index in values.indices { sum += (Double(values[index]) / largest) * (Double(values[index]) / largest) }
        }
      }
    }
    let norm = largest * sum.squareRoot()
    return sum.isFinite ? min(norm, .greatestFiniteMagnitude) : nil
  }
}

extension GradientNorm.Part {
  /// The sum of squares of all elements, by blocks in their order.
  fileprivate func sumOfSquares(in region: Region) -> Double {
    var sum = 0.0
    for first in stride(from: 0, to: elementCount, by: blockElementCount) {
      let count = min(blockElementCount, elementCount - first)
      let start = offset + first * type.byteCount
      if type == .f64 {
        region.withElements(of: Double.self, at: start, count: count) { sum += $0.sumOfSquares() }
      } else {
        region.withElements(of: Float.self, at: start, count: count) { sum += $0.sumOfSquares() }
      }
    }
    return sum
  }
}
