import HTTPServer
import Locks
import Tensors

/// Counts the versions that answers under way hold, so that slow readers can't fill the memory with old ones.
final class HeldVersions: Sendable {
  private struct Version {
    var readers = 0
    let byteCount: Int
  }

  /// The most bytes of held versions beside the newest.
  let limit: Int
  private let versions = Lock<[ObjectIdentifier: Version]>([:])

  /// Lets held versions beside the newest take `limit` bytes; one is always allowed.
  init(limit: Int) {
    self.limit = limit
  }

  /// Holds a region until the result is gone; throws when the older ones that others hold leave no room for it.
  func hold(_ region: Region) throws(Problem) -> Hold {
    let identifier = region.memoryIdentifier
    try versions.withLock { (versions) throws(Problem) in
      if versions[identifier] == nil {
        let others = versions.values.reduce(0) { $0 + $1.byteCount }
        guard versions.isEmpty || others + region.byteCount <= limit else {
          throw .busy("slow readers hold \(others) bytes of older weights; --max-held-bytes is \(limit)")
        }
      }
      versions[identifier, default: Version(byteCount: region.byteCount)].readers += 1
    }
    return Hold(self, identifier)
  }

  private func release(_ identifier: ObjectIdentifier) {
    versions.withLock { versions in
      versions[identifier]?.readers -= 1
      if versions[identifier]?.readers == 0 { versions[identifier] = nil }
    }
  }

  /// One answer's hold on a version.
  final class Hold: Sendable {
    private let versions: HeldVersions
    private let identifier: ObjectIdentifier

    init(_ versions: HeldVersions, _ identifier: ObjectIdentifier) {
      self.versions = versions
      self.identifier = identifier
    }

    deinit {
      versions.release(identifier)
    }
  }
}
