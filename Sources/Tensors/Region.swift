private import Locks

/// Bytes of tensors, as a value: copies share their memory until one of them is changed.
///
/// An update goes in place when nobody else holds the region. While a reader does, it goes block by block into recycled
/// memory (`beginUpdate`, `endUpdate`), so a reader keeps what it has, and neither waits for the other.
public struct Region: Sendable {
  @usableFromInline package var storage: RegionStorage
  /// An update that goes out of place, until it ends.
  @usableFromInline package var move: RegionMove?

  /// A region whose content is unspecified, aligned to 64 bytes; throws when the system has no memory.
  public init(byteCount: Int, pool: RegionPool) throws(RegionError) {
    storage = try RegionStorage(byteCount: byteCount, pool: pool)
  }

  /// A region of zeros. Cost: one pass over it.
  public static func zeros(byteCount: Int, pool: RegionPool) throws(RegionError) -> Region {
    let region = try Region(byteCount: byteCount, pool: pool)
    unsafe region.storage.base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    return region
  }

  /// How many bytes there are.
  public var byteCount: Int { storage.byteCount }

  /// The pool that the memory came from.
  public var pool: RegionPool { storage.pool }

  /// Identifies the memory that the region has now: two held versions are distinct when these differ.
  public var memoryIdentifier: ObjectIdentifier { ObjectIdentifier(storage) }

  /// Lends bytes for reading.
  public func withBytes<R: ~Copyable, E: Error>(
    in range: Range<Int>, _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try withElements(of: UInt8.self, at: range.lowerBound, count: range.count, body)
  }

  /// Lends all bytes for reading.
  public func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
    try withBytes(in: 0..<byteCount, body)
  }

  /// Lends `count` elements from byte `offset` on for reading; a copy of them where they are not aligned, as behind
  /// narrower variables.
  public func withElements<T: BitwiseCopyable, R: ~Copyable, E: Error>(
    of type: T.Type, at offset: Int, count: Int, _ body: (Span<T>) throws(E) -> R
  ) throws(E) -> R {
    let elements = unsafe address(of: T.self, at: offset, count: count, in: storage)
    defer { AccessOrder.end(storage) }
    guard offset % MemoryLayout<T>.alignment != 0 else {
      return try body(unsafe Span(_unsafeStart: elements.assumingMemoryBound(to: T.self), count: count))
    }
    let copy = UnsafeMutableBufferPointer<T>.allocate(capacity: count)
    defer { unsafe copy.deallocate() }
    unsafe UnsafeMutableRawBufferPointer(copy).copyMemory(
      from: UnsafeRawBufferPointer(start: elements, count: count * MemoryLayout<T>.stride))
    return try body(unsafe Span(_unsafeElements: copy))
  }

  /// Lends bytes for writing, after copying the region if somebody else holds it.
  public mutating func withMutableBytes<R: ~Copyable, E: Error>(
    in range: Range<Int>, _ body: (inout MutableSpan<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try withMutableElements(of: UInt8.self, at: range.lowerBound, count: range.count, body)
  }

  /// Lends elements for writing, after copying the region if somebody else holds it; where they are not aligned, a copy
  /// that is written back.
  public mutating func withMutableElements<T: BitwiseCopyable, R: ~Copyable, E: Error>(
    of type: T.Type, at offset: Int, count: Int, _ body: (inout MutableSpan<T>) throws(E) -> R
  ) throws(E) -> R {
    makeUnique()
    let elements = unsafe address(of: T.self, at: offset, count: count, in: storage)
    guard offset % MemoryLayout<T>.alignment != 0 else {
      var span = unsafe MutableSpan(_unsafeStart: elements.assumingMemoryBound(to: T.self), count: count)
      return try body(&span)
    }
    let place = unsafe UnsafeMutableRawBufferPointer(start: elements, count: count * MemoryLayout<T>.stride)
    let copy = UnsafeMutableBufferPointer<T>.allocate(capacity: count)
    defer { unsafe copy.deallocate() }
    unsafe UnsafeMutableRawBufferPointer(copy).copyMemory(from: UnsafeRawBufferPointer(place))
    defer { unsafe place.copyMemory(from: UnsafeRawBufferPointer(copy)) }
    var span = unsafe MutableSpan(_unsafeElements: copy)
    return try body(&span)
  }

  /// Lends bytes to be filled from their front; returns how many were.
  public mutating func receive(in range: Range<Int>, _ fill: (inout MutableSpan<UInt8>) -> Int) -> Int {
    withMutableBytes(in: range) { (bytes: inout MutableSpan<UInt8>) throws(Never) -> Int in fill(&bytes) }
  }

  /// Copies bytes of another region, after copying this one if somebody else holds it.
  public mutating func copyBytes(from other: Region, in range: Range<Int>, to offset: Int) {
    makeUnique()
    let from = unsafe address(of: UInt8.self, at: range.lowerBound, count: range.count, in: other.storage)
    let to = unsafe address(of: UInt8.self, at: offset, count: range.count, in: storage)
    unsafe to.copyMemory(from: from, byteCount: range.count)
    AccessOrder.end(other.storage)
  }

  private mutating func makeUnique() {
    guard !isUnique() else { return }
    beginUpdate()
    endUpdate()
  }

  /// Whether nobody else holds the memory, so that all reads of those who did are over.
  private mutating func isUnique() -> Bool {
    guard isKnownUniquelyReferenced(&storage) else { return false }
    AccessOrder.begin(storage)
    return true
  }

  private func address<T: BitwiseCopyable>(
    of type: T.Type, at offset: Int, count: Int, in storage: RegionStorage
  ) -> UnsafeMutableRawPointer {
    precondition(move == nil, "a region is read or written as a whole only outside of an update")
    precondition(offset >= 0 && count >= 0 && offset <= storage.byteCount)
    precondition(count <= (storage.byteCount - offset) / MemoryLayout<T>.stride)
    return unsafe storage.base + offset
  }
}

extension Region {
  /// Prepares for changes by blocks: in place when nobody else holds the region, else into other memory, to which each
  /// block moves as it is updated.
  ///
  /// When the system has no memory left this traps, like any allocation in Swift.
  public mutating func beginUpdate() {
    guard move == nil, !isUnique() else { return }
    guard let fresh = try? RegionStorage(byteCount: storage.byteCount, pool: storage.pool) else {
      preconditionFailure("no memory for a region of \(storage.byteCount) bytes")
    }
    move = RegionMove(source: storage)
    storage = fresh
  }

  /// Ends an update: moves what no block has moved. Cost: one pass over that.
  public mutating func endUpdate() {
    guard let move else { return }
    var end = 0
    for range in move.moved + [storage.byteCount..<storage.byteCount] where range.upperBound >= end {
      let count = max(range.lowerBound - end, 0)
      unsafe storage.base.advanced(by: end).copyMemory(from: move.source.base + end, byteCount: count)
      end = range.upperBound
    }
    AccessOrder.end(move.source)
    self.move = nil
  }
}

/// What an update out of place has moved so far.
@usableFromInline
package struct RegionMove: Sendable {
  /// Where the bytes lie that were not moved yet.
  @usableFromInline package let source: RegionStorage
  /// Byte ranges that were moved, ascending and disjoint.
  @usableFromInline package private(set) var moved: [Range<Int>] = []

  init(source: RegionStorage) {
    self.source = source
  }

  /// Whether all of `range` was moved.
  @usableFromInline
  package func contains(_ range: Range<Int>) -> Bool {
    moved.contains { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound }
  }

  /// Notes that a range was moved that overlaps none before.
  @usableFromInline
  package mutating func insert(_ range: Range<Int>) {
    let index = moved.lastIndex { $0.upperBound <= range.lowerBound }.map { $0 + 1 } ?? 0
    moved.insert(range, at: index)
  }
}

/// Why there is no region.
public enum RegionError: Error, Sendable {
  /// The system gave no memory of this size.
  case outOfMemory(byteCount: Int)
}
