private import CLinux
private import Dispatch
private import Glibc
private import Locks

/// Where regions get their memory: huge-page mappings from a MiB on, of which one idle mapping of each recent size is
/// kept, because fresh pages cost several times what the work on them does. Further ones of a size stay for two seconds:
/// of several clients that push back to back, some are always between two pushes.
public final class RegionPool: Sendable {
  /// From this size on memory is mapped for itself, and begins at a page.
  public static let mappingThreshold = 1 << 20
  private static let hugePageByteCount = 2 << 20
  private static let idleLimit = 8
  /// More than any address space has; sums of such numbers do not overflow.
  private static let byteCountLimit = 1 << 56
  private static let lingerNanoseconds: UInt64 = 2_000_000_000

  private struct Idle {
    let memory: Memory
    /// When it became idle.
    let since: UInt64
  }

  private struct State {
    /// The longest idle first.
    var idle: [Idle] = []
    /// Whether a look at what has lingered is on its way.
    var isTrimScheduled = false
    var allocatedByteCount = 0
    var peakByteCount = 0

    /// Takes out what is idle since before `time` beside the newest of its size.
    mutating func takeFurther(idleBefore time: UInt64) -> [Memory] {
      var kept: [Idle] = []
      var further: [Memory] = []
      for idle in idle.reversed() {
        let isOnly = !kept.contains { $0.memory.byteCount == idle.memory.byteCount }
        if isOnly || idle.since >= time { kept.append(idle) } else { further.append(idle.memory) }
      }
      idle = kept.reversed()
      return further
    }

    /// Whether several of a size are idle.
    var hasFurther: Bool {
      idle.indices.contains { index in
        idle[..<index].contains { $0.memory.byteCount == idle[index].memory.byteCount }
      }
    }
  }
  private let state = Lock(State())

  /// A pool without memory.
  public init() {}

  deinit {
    let idle = state.withLock { state in
      defer { state.idle = [] }
      return state.idle
    }
    for idle in idle { Self.unmap(idle.memory) }
  }

  /// Bytes of all living regions.
  public var allocatedByteCount: Int { state.withLock { $0.allocatedByteCount } }

  /// The most that `allocatedByteCount` has been.
  public var peakByteCount: Int { state.withLock { $0.peakByteCount } }

  /// Bytes kept for reuse.
  public var idleByteCount: Int { state.withLock { $0.idle.reduce(0) { $0 + $1.memory.byteCount } } }

  /// Memory of at least `byteCount` bytes, aligned to 64 bytes, its content unspecified; nil when the system has none.
  func take(byteCount: Int) -> Memory? {
    guard byteCount < Self.byteCountLimit else { return nil }
    let capacity = Self.capacity(for: byteCount)
    let (recycled, further): (Memory?, [Memory]) = state.withLock { state in
      state.allocatedByteCount += byteCount
      state.peakByteCount = max(state.peakByteCount, state.allocatedByteCount)
      guard capacity >= Self.mappingThreshold else { return (nil, []) }
      guard let index = state.idle.lastIndex(where: { $0.memory.byteCount == capacity }) else {
        return (nil, state.takeFurther(idleBefore: .max))
      }
      return (state.idle.remove(at: index).memory, [])
    }
    recycled?.useHugePages(true)
    if let recycled { return recycled }
    // What is new takes no memory beside what lingers.
    for memory in further { Self.unmap(memory) }
    let fresh = capacity < Self.mappingThreshold ? Self.allocate(capacity) : Self.map(capacity)
    if fresh == nil { state.withLock { $0.allocatedByteCount -= byteCount } }
    return fresh
  }

  /// Takes memory back that was given for `byteCount` bytes.
  func giveBack(_ memory: Memory, byteCount: Int) {
    guard memory.byteCount >= Self.mappingThreshold else {
      state.withLock { $0.allocatedByteCount -= byteCount }
      unsafe memory.base.deallocate()
      return
    }
    let (surplus, trims): (Memory?, Bool) = state.withLock { state in
      state.allocatedByteCount -= byteCount
      let isFurther = state.idle.contains { $0.memory.byteCount == memory.byteCount }
      state.idle.append(Idle(memory: memory, since: DispatchTime.now().uptimeNanoseconds))
      let trims = isFurther && !state.isTrimScheduled
      if trims { state.isTrimScheduled = true }
      return (state.idle.count > Self.idleLimit ? state.idle.removeFirst().memory : nil, trims)
    }
    if let surplus { Self.unmap(surplus) }
    if trims { scheduleTrim() }
  }

  private func scheduleTrim() {
    DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(Int(Self.lingerNanoseconds))) { [weak self] in
      self?.trim(at: DispatchTime.now().uptimeNanoseconds)
    }
  }

  /// Gives back what has lingered, down to one mapping of each size.
  func trim(at now: UInt64) {
    let (further, goesOn): ([Memory], Bool) = state.withLock { state in
      let further = state.takeFurther(idleBefore: now - min(now, Self.lingerNanoseconds))
      state.isTrimScheduled = state.hasFurther
      return (further, state.isTrimScheduled)
    }
    for memory in further { Self.unmap(memory) }
    if goesOn { scheduleTrim() }
  }

  private static func capacity(for byteCount: Int) -> Int {
    guard byteCount >= mappingThreshold else { return max(byteCount, 64) }
    return (byteCount + hugePageByteCount - 1) / hugePageByteCount * hugePageByteCount
  }

  private static func allocate(_ capacity: Int) -> Memory? {
    unsafe Memory(base: .allocate(byteCount: capacity, alignment: 64), byteCount: capacity)
  }

  /// Maps a huge page more than asked for and gives the ends back, so that the kernel can use huge pages throughout.
  private static func map(_ capacity: Int) -> Memory? {
    let length = capacity + hugePageByteCount
    let mapping = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, swa_map_flags(), -1, 0)
    guard let start = unsafe mapping, unsafe start != MAP_FAILED else { return nil }
    let base = unsafe start.alignedUp(toMultipleOf: hugePageByteCount)
    let before = unsafe base - start
    if before > 0 { unsafe munmap(start, before) }
    if hugePageByteCount > before { unsafe munmap(base + capacity, hugePageByteCount - before) }
    let memory = unsafe Memory(base: base, byteCount: capacity)
    memory.useHugePages(true)
    return memory
  }

  private static func unmap(_ memory: Memory) {
    unsafe munmap(memory.base, memory.byteCount)
  }

  /// A piece of memory that nobody else has.
  @safe struct Memory: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int

    /// Says whether pages of a mapping that are touched from now on are huge.
    func useHugePages(_ isOn: Bool) {
      guard byteCount >= mappingThreshold else { return }
      unsafe madvise(base, byteCount, isOn ? swa_advise_huge_pages() : swa_advise_small_pages())
    }
  }
}
