import HTTPServer
import Locks
import Tensors

/// Counts the versions that answers under way hold, so that slow readers can't fill the memory with old ones.
final class HeldVersions: Sendable {
  private struct Version {
    var readers = 0
    let byteCount: Int
  }

  /// The bytes of held versions beyond which no other may be held.
  let limit: Int
  private let versions = Lock<[ObjectIdentifier: Version]>([:])

  /// Lets others be held for as long as those that are held take at most `limit` bytes; one is always allowed.
  init(limit: Int) {
    self.limit = limit
  }

  /// Holds the regions of one answer until the result is gone; throws when what others hold is beyond the limit.
  func hold(_ regions: [Region]) throws(Problem) -> Hold {
    let identifiers = regions.map(\.memoryIdentifier)
    try versions.withLock { (versions) throws(Problem) in
      if identifiers.contains(where: { versions[$0] == nil }) {
        let others = versions.reduce(0) { $0 + (identifiers.contains($1.key) ? 0 : $1.value.byteCount) }
        guard others <= limit else {
          throw .busy("slow readers hold \(others) bytes of other versions; --max-held-bytes is \(limit)")
        }
      }
      for region in regions {
        versions[region.memoryIdentifier, default: Version(byteCount: region.byteCount)].readers += 1
      }
    }
    return Hold(self, identifiers)
  }

  private func release(_ identifiers: [ObjectIdentifier]) {
    versions.withLock { versions in
      for identifier in identifiers {
        versions[identifier]?.readers -= 1
        if versions[identifier]?.readers == 0 { versions[identifier] = nil }
      }
    }
  }

  /// One answer's hold on what it sends.
  final class Hold: Sendable {
    private let versions: HeldVersions
    private let identifiers: [ObjectIdentifier]

    init(_ versions: HeldVersions, _ identifiers: [ObjectIdentifier]) {
      self.versions = versions
      self.identifiers = identifiers
    }

    deinit {
      versions.release(identifiers)
    }
  }
}
