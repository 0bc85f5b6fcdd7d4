import HTTPServer
import ModelStore
import Tensors

/// A region that an answer holds, counted among the held versions until all its sources are gone.
struct HeldRegion: Sendable {
  let region: Region
  private let hold: HeldVersions.Hold

  /// Holds a region; throws when slow readers hold too much already.
  init(_ region: Region, by versions: HeldVersions) throws(Problem) {
    self.region = region
    hold = try versions.hold([region])
  }

  /// Holds a new region of `byteCount` bytes that `fill` fills.
  init(
    byteCount: Int, from pool: RegionPool, by versions: HeldVersions, _ fill: (inout Region) -> Void
  ) throws(Problem) {
    var region: Region
    do {
      region = try Region(byteCount: byteCount, pool: pool)
    } catch {
      throw Problem(.outOfMemory(byteCount: byteCount))
    }
    // Before the memory is touched.
    hold = try versions.hold([region])
    fill(&region)
    self.region = region
  }

  /// The bytes of `range` as content.
  func source(_ range: Range<Int>) -> RegionSource { RegionSource(region, range, hold) }

  /// All bytes as content.
  var source: RegionSource { source(0..<region.byteCount) }
}
