private import CLinux
private import Glibc
private import Locks

/// Where regions get their memory: huge-page mappings from a MiB on, of which one idle mapping of each recent size is
/// kept, because fresh pages cost several times what the work on them does.
public final class RegionPool: Sendable {
  private static let mappingThreshold = 1 << 20
  private static let hugePageByteCount = 2 << 20
  private static let idleLimit = 8

  private struct State {
    var idle: [Memory] = []
    var allocatedByteCount = 0
    var peakByteCount = 0
  }
  private let state = Lock(State())

  /// A pool without memory.
  public init() {}

  deinit {
    let idle = state.withLock { state in
      defer { state.idle = [] }
      return state.idle
    }
    for memory in idle { Self.unmap(memory) }
  }

  /// Bytes of all living regions.
  public var allocatedByteCount: Int { state.withLock { $0.allocatedByteCount } }

  /// The most that `allocatedByteCount` has been.
  public var peakByteCount: Int { state.withLock { $0.peakByteCount } }

  /// Bytes kept for reuse.
  public var idleByteCount: Int { state.withLock { $0.idle.reduce(0) { $0 + $1.byteCount } } }

  /// Memory of at least `byteCount` bytes, aligned to 64 bytes, its content unspecified; nil when the system has none.
  func take(byteCount: Int) -> Memory? {
    let capacity = Self.capacity(for: byteCount)
    let recycled: Memory? = state.withLock { state in
      state.allocatedByteCount += byteCount
      state.peakByteCount = max(state.peakByteCount, state.allocatedByteCount)
      guard let index = state.idle.lastIndex(where: { $0.byteCount == capacity }) else { return nil }
      return state.idle.remove(at: index)
    }
    recycled?.useHugePages(true)
    if let recycled { return recycled }
    let fresh = capacity < Self.mappingThreshold ? Self.allocate(capacity) : Self.map(capacity)
    if fresh == nil { state.withLock { $0.allocatedByteCount -= byteCount } }
    return fresh
  }

  /// Takes memory back that was given for `byteCount` bytes.
  func giveBack(_ memory: Memory, byteCount: Int) {
    let isMapped = memory.byteCount >= Self.mappingThreshold
    let surplus: Memory? = state.withLock { state in
      state.allocatedByteCount -= byteCount
      guard isMapped else { return memory }
      guard !state.idle.contains(where: { $0.byteCount == memory.byteCount }) else { return memory }
      state.idle.append(memory)
      return state.idle.count > Self.idleLimit ? state.idle.removeFirst() : nil
    }
    guard let surplus else { return }
    if isMapped {
      Self.unmap(surplus)
    } else {
      unsafe surplus.base.deallocate()
    }
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
