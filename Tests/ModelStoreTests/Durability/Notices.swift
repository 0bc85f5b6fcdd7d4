import Locks

@testable import ModelStore

/// What a model said while it was opened and kept.
final class Notices: Sendable {
  private let all = Lock<[String]>([])

  var texts: [String] { all.withLock { $0 } }

  var take: @Sendable (DurabilityNotice) -> Void {
    { notice in
      switch notice {
      case .info(let text), .warning(let text): self.all.withLock { $0.append(text) }
      }
    }
  }
}
