/// A binary heap of deadlines: adding and taking are O(log n).
public struct Deadlines: Sendable {
  /// What is due when.
  public struct Entry: Sendable {
    /// The deadline.
    public let time: MonotonicTime
    /// Whose.
    public let key: UInt64
  }

  private var heap: [Entry] = []

  /// No deadlines.
  public init() {}

  /// The next deadline.
  public var next: MonotonicTime? { heap.first?.time }

  /// How many deadlines there are.
  public var count: Int { heap.count }

  /// Adds a deadline.
  public mutating func add(_ time: MonotonicTime, _ key: UInt64) {
    heap.append(Entry(time: time, key: key))
    var index = heap.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      guard heap[index].time < heap[parent].time else { return }
      heap.swapAt(index, parent)
      index = parent
    }
  }

  /// Takes the earliest deadline that has passed at `now`.
  public mutating func takeDue(_ now: MonotonicTime) -> Entry? {
    guard let first = heap.first, first.time <= now else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child].time < heap[least].time {
        least = child
      }
      guard least != index else { return first }
      heap.swapAt(index, least)
      index = least
    }
  }
}
