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
      self.init(reading: region, at: 0, rows.indices.count * rows.width, storageType, extent.clips)
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
  @usableFromInline
  func openHalves(_ block: Range<Int>, isChanged: Bool, _ body: (inout MutableSpan<T>) -> Void) {
    if storageType == .f16 {
      openHalves(of: Float16.self, block, isChanged, body)
    } else {
      openHalves(of: BFloat16.self, block, isChanged, body)
    }
  }

  /// Opens a block of a gradient through a clipped copy of it.
  @usableFromInline
  func readClipped(_ block: Range<Int>, _ body: (Span<T>) -> Void) {
    let start = unsafe (base + block.lowerBound * MemoryLayout<T>.stride).assumingMemoryBound(to: T.self)
    unsafe withUnsafeTemporaryAllocation(of: T.self, capacity: block.count) { buffer in
      guard let copy = buffer.baseAddress else { return }
      unsafe copy.initialize(from: start, count: block.count)
      var clipped = unsafe MutableSpan(_unsafeStart: copy, count: block.count)
      for clip in clips { clip.apply(to: &clipped) }
      body(clipped.span)
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
