private import Locks

/// The one owner of a region's memory, which it returns to the pool.
@usableFromInline
@safe package final class RegionStorage: @unchecked Sendable {
  @usableFromInline package let base: UnsafeMutableRawPointer
  @usableFromInline package let byteCount: Int
  let pool: RegionPool
  let memory: RegionPool.Memory

  init(byteCount: Int, pool: RegionPool) throws(RegionError) {
    guard let memory = pool.take(byteCount: byteCount) else { throw .outOfMemory(byteCount: byteCount) }
    unsafe base = memory.base
    self.byteCount = byteCount
    self.pool = pool
    self.memory = memory
  }

  deinit {
    AccessOrder.begin(self)
    pool.giveBack(memory, byteCount: byteCount)
  }
}
