import Optimizers
public import Tensors

/// The state as a file of what get_weights lists.
extension OptimizerState {
  /// The items as the tensors of a file, numbered `0000/iterations`, `0001/average/w` …, whose data are the bytes of
  /// `head`, then the averages, then slot after slot, each as it lies in memory.
  public var descriptions: [TensorDescription] {
    listing.items.enumerated().map { ordinal, item in
      let name = OptimizerListing.digits(of: ordinal) + "/" + item.name
      let begin = offset(of: item.place)
      let byteCount = item.shape.reduce(item.dtype.byteCount, *)
      return TensorDescription(name: name, dtype: item.dtype, shape: item.shape, range: begin..<begin + byteCount)
    }
  }

  /// The bytes of iterations and the rule's numbers.
  public var head: [UInt8] {
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: stamp.iterations >> (8 * $0)) }
    for scalar in scalars {
      let bits = layout.scalarType == .f64 ? scalar.value.bitPattern : UInt64(Float(scalar.value).bitPattern)
      bytes += (0..<layout.scalarType.byteCount).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
    }
    return bytes
  }

  private func offset(of place: OptimizerListing.Item.Place) -> Int {
    let headByteCount = listing.headByteCount
    switch place {
    case .iterations: return 0
    case .scalar(let index): return 8 + index * layout.scalarType.byteCount
    case .average(let entry): return headByteCount + layout.entries[entry].computeOffset
    case .slot(let index, let entry):
      return headByteCount + (index + 1) * layout.slotByteCount + layout.entries[entry].computeOffset
    }
  }
}
