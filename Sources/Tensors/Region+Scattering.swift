extension Region {
  /// Puts elements that follow one another with the first axis fastest to their places in row-major order.
  ///
  /// `first` is the number of the first of the `count` elements in that order, and the tensor begins at `offset`. Cost:
  /// one write for each element, far from the one before.
  mutating func scatterElements(
    from block: Region, count: Int, of dtype: DType, first: Int, columnMajorShape shape: [Int], at offset: Int
  ) {
    let size = dtype.byteCount
    // Untrained variables may lie anywhere.
    switch offset % size == 0 ? size : 1 {
    case 8: scatter(UInt64.self, block, count, first, shape, offset)
    case 4: scatter(UInt32.self, block, count, first, shape, offset)
    case 2: scatter(UInt16.self, block, count, first, shape, offset)
    default: scatter(UInt8.self, block, count, first, shape, offset, width: size)
    }
  }

  /// `width` is how many `T` make an element.
  private mutating func scatter<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type, _ block: Region, _ count: Int, _ first: Int, _ shape: [Int], _ offset: Int, width: Int = 1
  ) {
    let elementCount = shape.reduce(1, *)
    let stride = elementCount / shape[0]
    withMutableElements(of: T.self, at: offset, count: elementCount * width) { target in
      block.withElements(of: T.self, at: 0, count: count * width) { source in
        var taken = 0
        while taken < count {
          let row = (first + taken) % shape[0]
          let runCount = min(shape[0] - row, count - taken)
          let start = Self.rowMajorIndex(of: (first + taken) / shape[0], in: shape) + row * stride
          for index in 0..<runCount {
            for part in 0..<width {
              target[(start &+ index &* stride) &* width &+ part] = source[(taken &+ index) &* width &+ part]
            }
          }
          taken += runCount
        }
      }
    }
  }

  /// Where an element with index 0 on the first axis lies, given its number among those in column-major order.
  private static func rowMajorIndex(of number: Int, in shape: [Int]) -> Int {
    var rest = number
    var stride = shape.dropFirst().reduce(1, *)
    var index = 0
    for extent in shape.dropFirst() {
      stride /= extent
      index += rest % extent * stride
      rest /= extent
    }
    return index
  }
}
