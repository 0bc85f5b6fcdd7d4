/// Takes the data of a file as it arrives, straight to its places; where types or the order of elements differ it is
/// converted block by block.
public struct TensorIntake: Sendable {
  /// Bytes of a block that is converted at a time, a multiple of every element size.
  private static let blockByteCount = 64 << 10
  /// Until so many bytes have come they lie on small pages: a client must not fill a huge page with one byte.
  private static let smallPageByteCount = 2 << 20

  /// The regions that are filled.
  public var regions: [Region]
  private var placement: Placement
  private var index = 0
  /// Bytes of the current piece that have come.
  private var filled = 0
  /// What has come of the block that is to be converted.
  private var block: Region?
  private var blockFilled = 0
  private var smallPagesLeft = Self.smallPageByteCount

  /// Takes data into regions.
  public init(_ placement: Placement, into regions: [Region]) {
    self.placement = placement
    self.regions = regions
    for region in regions { region.storage.memory.useHugePages(false) }
  }

  /// Takes nothing yet: regions are added, and tensors placed in them, as they become known.
  public init() {
    self.init(Placement(), into: [])
  }

  private var pieces: [Placement.Piece] { placement.pieces }

  /// Whether all data of what was placed has come.
  public var isComplete: Bool { index == pieces.count }

  /// Adds a region and returns its index.
  public mutating func add(_ region: Region) -> Int {
    if smallPagesLeft > 0 { region.storage.memory.useHugePages(false) }
    regions.append(region)
    return regions.count - 1
  }

  /// Places the next tensor, as `Placement.place`.
  public mutating func place(_ tensor: TensorDescription, in region: Int, at offset: Int, as target: DType) {
    if isComplete {
      placement = Placement()
      index = 0
    }
    placement.place(tensor, in: region, at: offset, as: target)
  }

  /// Where in its region the memory begins that is not filled yet, when pieces come in ascending order of one region;
  /// everything before it was filled or belongs to no piece.
  public var frontier: (region: Int, offset: Int)? {
    guard index < pieces.count else { return nil }
    let piece = pieces[index]
    guard piece.columnMajorShape == nil else { return (piece.region, piece.offset) }
    return (piece.region, piece.offset + (piece.source == nil ? filled : convertedByteCount(piece)))
  }

  /// Takes the next bytes: `fill` writes to the front of the memory where they belong and returns how many.
  public mutating func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(RegionError) {
    guard index < pieces.count else { return }
    let piece = pieces[index]
    if piece.source == nil {
      let range = piece.offset + filled..<piece.offset + piece.byteCount
      let count = regions[piece.region].receive(in: range, fill)
      filled += count
      note(count)
    } else {
      try receiveConverted(piece, fill)
    }
    if filled == piece.byteCount {
      index += 1
      filled = 0
    }
  }

  private mutating func note(_ count: Int) {
    guard smallPagesLeft > 0 else { return }
    smallPagesLeft -= count
    guard smallPagesLeft <= 0 else { return }
    for region in regions { region.storage.memory.useHugePages(true) }
  }

  private func convertedByteCount(_ piece: Placement.Piece) -> Int {
    guard let source = piece.source, let target = piece.target else { return filled }
    return (filled - blockFilled) / source.byteCount * target.byteCount
  }

  private mutating func receiveConverted(
    _ piece: Placement.Piece, _ fill: (inout MutableSpan<UInt8>) -> Int
  ) throws(RegionError) {
    guard let source = piece.source, let target = piece.target else { return }
    var block =
      if let block { block } else { try Region(byteCount: Self.blockByteCount, pool: regions[piece.region].pool) }
    self.block = nil
    let wanted = min(Self.blockByteCount, piece.byteCount - filled + blockFilled)
    let received = block.receive(in: blockFilled..<wanted, fill)
    filled += received
    note(received)
    blockFilled += received
    if blockFilled == wanted {
      let count = blockFilled / source.byteCount
      let first = (filled - blockFilled) / source.byteCount
      if let shape = piece.columnMajorShape {
        let converted = source == target ? block : try Self.converted(block, source, count, to: target)
        regions[piece.region].scatterElements(
          from: converted, count: count, of: target, first: first, columnMajorShape: shape, at: piece.offset)
      } else {
        regions[piece.region].convertElements(
          from: block, source, at: 0, count: count, to: target, at: piece.offset + first * target.byteCount)
      }
      blockFilled = 0
    }
    self.block = block
  }

  private static func converted(
    _ block: Region, _ source: DType, _ count: Int, to target: DType
  ) throws(RegionError) -> Region {
    var converted = try Region(byteCount: count * target.byteCount, pool: block.pool)
    converted.convertElements(from: block, source, at: 0, count: count, to: target, at: 0)
    return converted
  }
}
