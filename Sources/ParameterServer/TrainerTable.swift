import FoundationEssentials
import Locks

/// The trainers that pushed most recently, by the name that they gave themselves.
final class TrainerTable: Sendable {
  /// How many are remembered.
  static let limit = 1000

  /// What is known of one.
  struct Entry: Sendable {
    let id: String
    var pushes = 0
    var lastSeen: Date
    var lastBaseIteration: Int?
    var lastLoss: Double?
  }

  private let entries = Lock<[String: Entry]>([:])

  /// Notes a push. Cost: constant, but linear in the table when a new trainer pushes out the oldest.
  func note(_ id: String, baseIteration: Int?, loss: Double?) {
    entries.withLock { entries in
      if entries[id] == nil, entries.count >= Self.limit,
        let oldest = entries.values.min(by: { $0.lastSeen < $1.lastSeen })
      {
        entries[oldest.id] = nil
      }
      var entry = entries[id] ?? Entry(id: id, lastSeen: .now)
      entry.pushes += 1
      entry.lastSeen = .now
      entry.lastBaseIteration = baseIteration
      entry.lastLoss = loss ?? entry.lastLoss
      entries[id] = entry
    }
  }

  /// How many are known.
  var count: Int { entries.withLock { $0.count } }

  /// All, the most recent first.
  var mostRecent: [Entry] {
    entries.withLock { Array($0.values) }.sorted { ($1.lastSeen, $0.id) < ($0.lastSeen, $1.id) }
  }
}
