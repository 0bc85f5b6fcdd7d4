import Locks

/// How far behind the weights were that gradients were computed at, over all pushes that said so.
final class StalenessSummary: Sendable {
  /// The figures.
  struct Values: Sendable {
    var last: Int?
    var max: Int?
    var sum = 0
    var count = 0

    var mean: Double? { count == 0 ? nil : Double(sum) / Double(count) }
  }

  private let state = Lock(Values())

  /// The figures so far.
  var values: Values { state.withLock { $0 } }

  /// Takes one push in.
  func add(_ staleness: Int) {
    state.withLock { values in
      values.last = staleness
      values.max = Swift.max(values.max ?? 0, staleness)
      values.sum += staleness
      values.count += 1
    }
  }
}
