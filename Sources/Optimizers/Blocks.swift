private import Dispatch
private import Synchronization
public import Tensors

/// How many elements a block has: 256 KiB of float32, so that all regions' parts of it stay in the second-level cache.
public let blockElementCount = 64 * 1024

/// Below this many elements the fork and join of threads cost more than they gain.
@usableFromInline let parallelElementCount = 512 * 1024

/// Opens the run block by block: the variable as mutable elements (halves widened, and rounded once at the end), the
/// gradient as elements. Blocks go over several threads when the run is large; which thread does what changes no bit.
@inlinable
@inline(__always)
public func blocks<T: Trainable>(
  _ run: Run<T>, _ variable: inout Region, _ gradient: Region, _ body: @Sendable (inout MutableSpan<T>, Span<T>) -> Void
) {
  let w = BlockTarget<T>(&variable, run.extent, isVariable: true)
  let g = BlockTarget<T>(reading: gradient, run.extent)
  eachBlock(run.extent) { range in
    w.open(range) { w in g.read(range) { g in body(&w, g) } }
  }
  w.finish(&variable)
}

/// As above with one slot.
@inlinable
@inline(__always)
public func blocks<T: Trainable, Name: SlotName>(
  _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Name>, _ first: Name, _ gradient: Region,
  _ body: @Sendable (inout MutableSpan<T>, inout MutableSpan<T>, Span<T>) -> Void
) {
  let w = BlockTarget<T>(&variable, run.extent, isVariable: true)
  let a = BlockTarget<T>(&slots.regions[slots.index(of: first)], run.extent, isVariable: false)
  let g = BlockTarget<T>(reading: gradient, run.extent)
  eachBlock(run.extent) { range in
    w.open(range) { w in a.open(range) { a in g.read(range) { g in body(&w, &a, g) } } }
  }
  w.finish(&variable)
  a.finish(&slots.regions[slots.index(of: first)])
}

/// As above with two slots.
@inlinable
@inline(__always)
public func blocks<T: Trainable, Name: SlotName>(
  _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Name>, _ first: Name, _ second: Name,
  _ gradient: Region,
  _ body: @Sendable (inout MutableSpan<T>, inout MutableSpan<T>, inout MutableSpan<T>, Span<T>) -> Void
) {
  let w = BlockTarget<T>(&variable, run.extent, isVariable: true)
  let a = BlockTarget<T>(&slots.regions[slots.index(of: first)], run.extent, isVariable: false)
  let b = BlockTarget<T>(&slots.regions[slots.index(of: second)], run.extent, isVariable: false)
  let g = BlockTarget<T>(reading: gradient, run.extent)
  eachBlock(run.extent) { range in
    w.open(range) { w in a.open(range) { a in b.open(range) { b in g.read(range) { g in body(&w, &a, &b, g) } } } }
  }
  w.finish(&variable)
  a.finish(&slots.regions[slots.index(of: first)])
  b.finish(&slots.regions[slots.index(of: second)])
}

/// As above with three slots.
@inlinable
@inline(__always)
public func blocks<T: Trainable, Name: SlotName>(
  _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Name>, _ first: Name, _ second: Name, _ third: Name,
  _ gradient: Region,
  _ body:
    @Sendable (inout MutableSpan<T>, inout MutableSpan<T>, inout MutableSpan<T>, inout MutableSpan<T>, Span<T>) -> Void
) {
  let w = BlockTarget<T>(&variable, run.extent, isVariable: true)
  let a = BlockTarget<T>(&slots.regions[slots.index(of: first)], run.extent, isVariable: false)
  let b = BlockTarget<T>(&slots.regions[slots.index(of: second)], run.extent, isVariable: false)
  let c = BlockTarget<T>(&slots.regions[slots.index(of: third)], run.extent, isVariable: false)
  let g = BlockTarget<T>(reading: gradient, run.extent)
  eachBlock(run.extent) { range in
    w.open(range) { w in
      a.open(range) { a in b.open(range) { b in c.open(range) { c in g.read(range) { g in body(&w, &a, &b, &c, g) } } }
      }
    }
  }
  w.finish(&variable)
  a.finish(&slots.regions[slots.index(of: first)])
  b.finish(&slots.regions[slots.index(of: second)])
  c.finish(&slots.regions[slots.index(of: third)])
}

/// Opens a run of averages beside the variables that they average, halves widened.
@inlinable
@inline(__always)
public func blocks<T: Trainable>(
  averaging run: Run<T>, _ average: inout Region, of variable: Region,
  _ body: @Sendable (inout MutableSpan<T>, Span<T>) -> Void
) {
  let a = BlockTarget<T>(&average, run.extent, isVariable: false)
  let w = BlockTarget<T>(readingVariable: variable, run.extent)
  eachBlock(run.extent) { range in
    a.open(range) { a in w.read(range) { w in body(&a, w) } }
  }
  a.finish(&average)
}

/// Calls `body` for each block of a run, on several threads when the run is large.
@usableFromInline
func eachBlock(_ extent: RunExtent, _ body: @Sendable (Range<Int>) -> Void) {
  let count = extent.elementCount
  let blockCount = (count + blockElementCount - 1) / blockElementCount
  @Sendable func block(_ index: Int) -> Range<Int> {
    index * blockElementCount..<min((index + 1) * blockElementCount, count)
  }
  guard count >= parallelElementCount, extent.threads > 1 else {
    for index in 0..<blockCount { body(block(index)) }
    return
  }
  let next = Atomic(0)
  DispatchQueue.concurrentPerform(iterations: min(extent.threads, blockCount)) { _ in
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      guard index < blockCount else { return }
      body(block(index))
    }
  }
}

/// One region's part of a run, open for the time of a `blocks` call: the region is held there, inout, and each block is
/// opened by one thread, so that no two writers meet.
@safe
@usableFromInline
struct BlockTarget<T: Trainable>: @unchecked Sendable {
  @usableFromInline let base: UnsafeMutableRawPointer
  /// Where the blocks still lie when the update goes out of place.
  @usableFromInline let source: UnsafeMutableRawPointer?
  @usableFromInline let storageType: DType
  @usableFromInline let range: Range<Int>

  @inlinable
  init(_ region: inout Region, _ extent: RunExtent, isVariable: Bool) {
    region.beginUpdate()
    let storageType = isVariable ? extent.storageType : extent.storageType.computeType
    let offset = isVariable ? extent.variableOffset : extent.computeOffset
    let range = offset..<offset + extent.elementCount * storageType.byteCount
    precondition(offset >= 0 && range.upperBound <= region.storage.byteCount)
    self.storageType = storageType
    self.range = range
    unsafe base = region.storage.base + offset
    if let move = region.move, !move.contains(range) {
      unsafe source = move.source.base + offset
    } else {
      unsafe source = nil
    }
  }

  @inlinable
  init(reading region: Region, _ extent: RunExtent) {
    self.init(reading: region, extent, at: extent.computeOffset, extent.storageType.computeType)
  }

  @inlinable
  init(readingVariable region: Region, _ extent: RunExtent) {
    self.init(reading: region, extent, at: extent.variableOffset, extent.storageType)
  }

  @inlinable
  init(reading region: Region, _ extent: RunExtent, at offset: Int, _ storageType: DType) {
    let range = offset..<offset + extent.elementCount * storageType.byteCount
    precondition(offset >= 0 && range.upperBound <= region.storage.byteCount && region.move == nil)
    self.storageType = storageType
    self.range = range
    unsafe base = region.storage.base + offset
    unsafe source = nil
  }

  /// Notes that the blocks were moved.
  @inlinable
  func finish(_ region: inout Region) {
    guard unsafe source != nil else { return }
    region.move?.insert(range)
  }

  @inlinable
  @inline(__always)
  func open(_ block: Range<Int>, _ body: (inout MutableSpan<T>) -> Void) {
    if let source = unsafe source {
      let offset = block.lowerBound * storageType.byteCount
      unsafe (base + offset).copyMemory(from: source + offset, byteCount: block.count * storageType.byteCount)
    }
    if storageType == .f32 || storageType == .f64 {
      let start = unsafe (base + block.lowerBound * MemoryLayout<T>.stride).assumingMemoryBound(to: T.self)
      var span = unsafe MutableSpan(_unsafeStart: start, count: block.count)
      body(&span)
    } else {
      openHalves(block, isChanged: true, body)
    }
  }

  @inlinable
  @inline(__always)
  func read(_ block: Range<Int>, _ body: (Span<T>) -> Void) {
    if storageType == .f32 || storageType == .f64 {
      let start = unsafe (base + block.lowerBound * MemoryLayout<T>.stride).assumingMemoryBound(to: T.self)
      body(unsafe Span(_unsafeStart: start, count: block.count))
    } else {
      openHalves(block, isChanged: false) { span in body(span.span) }
    }
  }

  /// Opens a block of halves through a float32 copy of it, rounded back once when it was changed.
  @usableFromInline
  func openHalves(_ block: Range<Int>, isChanged: Bool, _ body: (inout MutableSpan<T>) -> Void) {
    if storageType == .f16 {
      openHalves(of: Float16.self, block, isChanged, body)
    } else {
      openHalves(of: BFloat16.self, block, isChanged, body)
    }
  }

  private func openHalves<Half: FloatElement>(
    of _: Half.Type, _ block: Range<Int>, _ isChanged: Bool, _ body: (inout MutableSpan<T>) -> Void
  ) {
    let start = unsafe (base + block.lowerBound * MemoryLayout<Half>.stride).assumingMemoryBound(to: Half.self)
    unsafe withUnsafeTemporaryAllocation(of: T.self, capacity: block.count) { buffer in
      guard let wide = buffer.baseAddress else { return }
      var widened = unsafe MutableSpan(_unsafeStart: wide, count: block.count)
      Conversion.convert(unsafe Span(_unsafeStart: start, count: block.count), into: &widened)
      body(&widened)
      guard isChanged else { return }
      var halves = unsafe MutableSpan(_unsafeStart: start, count: block.count)
      Conversion.convert(widened.span, into: &halves)
    }
  }
}
