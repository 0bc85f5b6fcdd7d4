public import CMath
public import Tensors

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
  /// What happens to elements that are read.
  @usableFromInline let clips: [ClipStep]

  @inlinable
  init(_ region: inout Region, _ extent: RunExtent, isVariable: Bool) {
    region.beginUpdate()
    let storageType = isVariable ? extent.storageType : extent.storageType.computeType
    let offset = isVariable ? extent.variableOffset : extent.computeOffset
    let range = offset..<offset + extent.elementCount * storageType.byteCount
    precondition(offset >= 0 && range.upperBound <= region.storage.byteCount)
    self.storageType = storageType
    self.range = range
    clips = []
    unsafe base = region.storage.base + offset
    guard let move = region.move, !move.contains(range) else {
      unsafe source = nil
      return
    }
    let source = unsafe move.source.base + offset
    if extent.rows == nil {
      unsafe self.source = source
    } else {
      // Rows may be touched twice or never, so the variable moves as a whole before.
      unsafe base.copyMemory(from: source, byteCount: range.count)
      region.move?.insert(range)
      unsafe self.source = nil
    }
  }

  @inlinable
  init(reading region: Region, _ extent: RunExtent) {
    let storageType = extent.storageType.computeType
    if let rows = extent.rows {
      self.init(reading: region, at: 0, rows.elementCount, storageType, extent.clips)
    } else {
      self.init(reading: region, at: extent.computeOffset, extent.elementCount, storageType, extent.clips)
    }
  }

  @inlinable
  init(readingVariable region: Region, _ extent: RunExtent) {
    self.init(reading: region, at: extent.variableOffset, extent.elementCount, extent.storageType, [])
  }

  @inlinable
  init(reading region: Region, at offset: Int, _ elementCount: Int, _ storageType: DType, _ clips: [ClipStep]) {
    let range = offset..<offset + elementCount * storageType.byteCount
    precondition(offset >= 0 && range.upperBound <= region.storage.byteCount && region.move == nil)
    self.storageType = storageType
    self.range = range
    self.clips = clips
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
  func open(_ piece: Block, _ body: (inout MutableSpan<T>) -> Void) {
    let block = piece.target
    if !piece.ahead.isEmpty {
      let size = storageType.byteCount
      unsafe swa_prefetch(base + piece.ahead.lowerBound * size, piece.ahead.count * size)
    }
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
    if !clips.isEmpty {
      readClipped(block, body)
    } else if storageType == .f32 || storageType == .f64 {
      let start = unsafe (base + block.lowerBound * MemoryLayout<T>.stride).assumingMemoryBound(to: T.self)
      body(unsafe Span(_unsafeStart: start, count: block.count))
    } else {
      openHalves(block, isChanged: false) { span in body(span.span) }
    }
  }

  /// Opens a block of halves through a float32 copy of it, rounded back once when it was changed.
  @inlinable
  @inline(never)
  func openHalves(_ block: Range<Int>, isChanged: Bool, _ body: (inout MutableSpan<T>) -> Void) {
    let start = unsafe base + block.lowerBound * storageType.byteCount
    unsafe withUnsafeTemporaryAllocation(of: T.self, capacity: block.count) { buffer in
      guard let wide = buffer.baseAddress else { return }
      unsafe widenHalves(start, storageType, count: block.count, into: wide)
      var widened = unsafe MutableSpan(_unsafeStart: wide, count: block.count)
      body(&widened)
      if isChanged { unsafe narrow(wide, count: block.count, toHalves: start, storageType) }
    }
  }

  /// Opens a block of a gradient through a clipped copy of it.
  @inlinable
  @inline(never)
  func readClipped(_ block: Range<Int>, _ body: (Span<T>) -> Void) {
    let start = unsafe base + block.lowerBound * storageType.byteCount
    unsafe withUnsafeTemporaryAllocation(of: T.self, capacity: block.count) { buffer in
      guard let copy = buffer.baseAddress else { return }
      unsafe UnsafeMutableRawPointer(copy).copyMemory(from: start, byteCount: block.count * storageType.byteCount)
      unsafe clip(copy, storageType, count: block.count, by: clips)
      body(unsafe Span(_unsafeStart: copy, count: block.count))
    }
  }
}

// These loops are not generic, so that they are compiled once, here, whatever module a rule is in.

/// Widens halves to float32.
@usableFromInline
@unsafe
func widenHalves(
  _ start: UnsafeMutableRawPointer, _ type: DType, count: Int, into wide: UnsafeMutableRawPointer
) {
  var target = unsafe MutableSpan(_unsafeStart: wide.assumingMemoryBound(to: Float.self), count: count)
  if type == .f16 {
    let halves = unsafe start.assumingMemoryBound(to: Float16.self)
    Conversion.convert(unsafe Span(_unsafeStart: halves, count: count), into: &target)
  } else {
    let halves = unsafe start.assumingMemoryBound(to: BFloat16.self)
    Conversion.convert(unsafe Span(_unsafeStart: halves, count: count), into: &target)
  }
}

/// Rounds float32 elements to halves, to nearest.
@usableFromInline
@unsafe
func narrow(
  _ wide: UnsafeMutableRawPointer, count: Int, toHalves start: UnsafeMutableRawPointer, _ type: DType
) {
  let source = unsafe Span(_unsafeStart: wide.assumingMemoryBound(to: Float.self), count: count)
  if type == .f16 {
    var target = unsafe MutableSpan(_unsafeStart: start.assumingMemoryBound(to: Float16.self), count: count)
    Conversion.convert(source, into: &target)
  } else {
    var target = unsafe MutableSpan(_unsafeStart: start.assumingMemoryBound(to: BFloat16.self), count: count)
    Conversion.convert(source, into: &target)
  }
}

/// Clips elements of a compute type.
@usableFromInline
@unsafe
func clip(_ start: UnsafeMutableRawPointer, _ type: DType, count: Int, by steps: [ClipStep]) {
  if type == .f64 {
    var elements = unsafe MutableSpan(_unsafeStart: start.assumingMemoryBound(to: Double.self), count: count)
    for step in steps { step.apply(to: &elements) }
  } else {
    var elements = unsafe MutableSpan(_unsafeStart: start.assumingMemoryBound(to: Float.self), count: count)
    for step in steps { step.apply(to: &elements) }
  }
}
