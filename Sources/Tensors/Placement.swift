/// Where the tensors of a file belong: pieces of its data, in the file's order, with their places in regions.
///
/// Neighbours in the file that are neighbours in memory become one piece, so that a file in the model's own layout is
/// one piece and is received as such.
public struct Placement: Sendable {
  /// A piece of the file's data and its place.
  public struct Piece: Sendable, Equatable {
    /// Bytes in the file.
    public fileprivate(set) var byteCount: Int
    /// Which region it belongs to.
    public let region: Int
    /// Where it begins there, in bytes.
    public let offset: Int
    /// The type in the file; nil when bytes are taken as they are, in their order.
    public let source: DType?
    /// The type in memory, when `source` is there.
    public let target: DType?
    /// The shape of a tensor whose elements come with the first axis fastest; nil for elements in the order of memory.
    public let columnMajorShape: [Int]?
  }

  /// The pieces in the file's order.
  public private(set) var pieces: [Piece] = []

  /// Places nothing.
  public init() {}

  /// Whether the pieces of region 0 come in ascending order, before those of any other region.
  public var isAscending: Bool {
    zip(pieces, pieces.dropFirst()).allSatisfy { ($0.region, $0.offset) < ($1.region, $1.offset) }
  }

  /// Places the next tensor of the file.
  ///
  /// `target` differs from the tensor's type only among floating-point types. In memory elements are in row-major order.
  public mutating func place(_ tensor: TensorDescription, in region: Int, at offset: Int, as target: DType) {
    guard tensor.range.count > 0 else { return }
    guard !tensor.isColumnMajor || tensor.shape.count < 2 else {
      pieces.append(
        Piece(
          byteCount: tensor.range.count, region: region, offset: offset, source: tensor.dtype, target: target,
          columnMajorShape: tensor.shape))
      return
    }
    let isConverted = target != tensor.dtype
    if let last = pieces.last, last.region == region, last.columnMajorShape == nil,
      last.source == (isConverted ? tensor.dtype : nil),
      last.target == (isConverted ? target : nil), last.offset + last.placedByteCount == offset
    {
      pieces[pieces.count - 1].byteCount += tensor.range.count
      return
    }
    pieces.append(
      Piece(
        byteCount: tensor.range.count, region: region, offset: offset, source: isConverted ? tensor.dtype : nil,
        target: isConverted ? target : nil, columnMajorShape: nil))
  }
}

extension Placement.Piece {
  /// Bytes in memory.
  public var placedByteCount: Int {
    guard let source, let target else { return byteCount }
    return byteCount / source.byteCount * target.byteCount
  }
}
