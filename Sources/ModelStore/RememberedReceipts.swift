/// The receipts of pushes with a key, so that a push that is sent again is answered as it was the first time.
///
/// Cost: under 1 KiB a receipt.
struct RememberedReceipts: Sendable {
  /// How many are remembered; the oldest goes first.
  static let limit = 65_536
  /// How long each is remembered.
  static let lifetimeSeconds = 24 * 60 * 60

  /// What is remembered under one key.
  struct Entry: Sendable, Equatable {
    let body: BodyDigest
    let seconds: Int
    let receipt: Receipt
  }

  private var entries: [PushKey: Entry] = [:]
  /// The keys as they came; those before `first` are forgotten.
  private var order: [PushKey] = []
  private var first = 0

  /// How many there are.
  var count: Int { entries.count }

  /// All, the oldest first.
  var all: some Sequence<(key: PushKey, entry: Entry)> {
    order[first...].lazy.compactMap { key in entries[key].map { (key, $0) } }
  }

  /// Whether there is a receipt under the key.
  func contains(_ key: PushKey, at seconds: Int) -> Bool {
    entries[key].map { !Self.isOver($0, at: seconds) } ?? false
  }

  /// The receipt that a push got when it came first; nil when its key is new or forgotten. Throws when another body came
  /// under the key.
  func receipt(of push: PushIdentity) throws(ModelError) -> Receipt? {
    guard let entry = entries[push.key], !Self.isOver(entry, at: push.seconds) else { return nil }
    guard entry.body == push.body else { throw .keyOfAnotherBody(first: entry.body, came: push.body) }
    return entry.receipt
  }

  /// Remembers what a push was answered, and forgets what is too old or too much.
  mutating func remember(_ receipt: Receipt, of push: PushIdentity) {
    append(push.key, Entry(body: push.body, seconds: push.seconds, receipt: receipt))
  }

  /// Remembers an entry that is newer than all others.
  mutating func append(_ key: PushKey, _ entry: Entry) {
    while first < order.count, let oldest = entries[order[first]],
      entries.count >= Self.limit || Self.isOver(oldest, at: entry.seconds)
    {
      entries[order[first]] = nil
      first += 1
    }
    if first > order.count / 2 {
      order.removeFirst(first)
      first = 0
    }
    // A key whose time is over can still be there when the clock was set back.
    if entries.updateValue(entry, forKey: key) != nil, let index = order[first...].firstIndex(of: key) {
      order.remove(at: index)
    }
    order.append(key)
  }

  private static func isOver(_ entry: Entry, at seconds: Int) -> Bool {
    entry.seconds + lifetimeSeconds <= seconds
  }
}
