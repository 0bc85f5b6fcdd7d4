import HTTPServer
import Tensors

extension TensorChoice {
  /// Copies what was chosen of a list's region, packed and converted, so that the region itself need not be held.
  ///
  /// Cost: one pass over what is chosen.
  func copy(
    of items: [Item], from values: Region, pool: RegionPool, heldBy versions: HeldVersions
  ) throws(Problem) -> (tensors: [TensorDescription], data: HeldRegion) {
    var tensors: [TensorDescription] = []
    var end = 0
    // Rows may repeat; what is larger than any type could make the whole is not a selection of it any more.
    let limit = max(versions.limit, 4 * list.byteCount)
    for item in items {
      guard let count = item.elementCount, count <= limit / item.dtype.byteCount else {
        throw .invalidParameter("rows", expected: "rows of at most \(limit) bytes", came: "more")
      }
      let byteCount = count * item.dtype.byteCount
      tensors.append(
        TensorDescription(
          name: item.source.name, dtype: item.dtype, shape: item.shape, range: end..<end + byteCount))
      end += byteCount
    }
    let data = try HeldRegion(byteCount: end, from: pool, by: versions) { region in
      for (item, tensor) in zip(items, tensors) { item.copy(from: values, to: tensor.range.lowerBound, in: &region) }
    }
    return (tensors, data)
  }
}

extension TensorChoice.Item {
  /// The tensors of a file, widened to float32 where they are of a type that NumPy does not have, wider types first.
  static func widening(_ tensors: [TensorDescription]) -> [TensorChoice.Item] {
    tensors.map { TensorChoice.Item($0, as: $0.dtype == .bf16 ? .f32 : nil) }.widestFirst
  }

  fileprivate func copy(from values: Region, to offset: Int, in region: inout Region) {
    guard let rows else { return copy(from: values, in: source.range, to: offset, in: &region) }
    guard let count = source.shape.first, count > 0 else { return }
    let rowByteCount = source.range.count / count
    let width = rowByteCount / source.dtype.byteCount * dtype.byteCount
    for (position, row) in rows.enumerated() {
      let begin = source.range.lowerBound + row * rowByteCount
      copy(from: values, in: begin..<begin + rowByteCount, to: offset + position * width, in: &region)
    }
  }

  private func copy(from values: Region, in range: Range<Int>, to offset: Int, in region: inout Region) {
    if dtype == source.dtype {
      region.copyBytes(from: values, in: range, to: offset)
    } else {
      region.convertElements(
        from: values, source.dtype, at: range.lowerBound, count: range.count / source.dtype.byteCount, to: dtype,
        at: offset)
    }
  }
}

extension [TensorChoice.Item] {
  /// Wider types first, so that everything is aligned; else in the same order.
  fileprivate var widestFirst: [TensorChoice.Item] {
    enumerated().sorted {
      ($1.element.dtype.byteCount, $0.offset) < ($0.element.dtype.byteCount, $1.offset)
    }.map(\.element)
  }
}
