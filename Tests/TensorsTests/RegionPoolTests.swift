import Testing

@testable import Tensors

@Suite struct RegionPoolTests {
  private static let size = 2 << 20

  /// Mappings of these sizes, idle in their order.
  private static func pool(idle sizes: [Int]) throws -> RegionPool {
    let pool = RegionPool()
    let regions = try sizes.map { try Region(byteCount: $0, pool: pool) }
    withExtendedLifetime(regions) {}
    return pool
  }

  @Test func severalIdleMappingsOfASizeAreUsedAgain() throws {
    let pool = try Self.pool(idle: [Self.size, Self.size, Self.size])
    #expect(pool.idleByteCount == 3 * Self.size)
    let regions = try (0..<3).map { _ in try Region(byteCount: Self.size, pool: pool) }
    #expect(pool.idleByteCount == 0)
    withExtendedLifetime(regions) {}
  }

  @Test func furtherOnesGoInTimeAndOneOfEachSizeStays() throws {
    let pool = try Self.pool(idle: [Self.size, 2 * Self.size, Self.size, Self.size])
    pool.trim(at: 0)
    #expect(pool.idleByteCount == 5 * Self.size)
    pool.trim(at: .max)
    #expect(pool.idleByteCount == 3 * Self.size)
  }

  @Test func whatIsNewTakesNoMemoryBesideFurtherOnes() throws {
    let pool = try Self.pool(idle: [Self.size, Self.size])
    let region = try Region(byteCount: 2 * Self.size, pool: pool)
    #expect(pool.idleByteCount == Self.size)
    withExtendedLifetime(region) {}
  }
}
