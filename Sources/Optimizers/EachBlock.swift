private import Dispatch
private import Synchronization

/// How many elements a block has: 256 KiB of float32, so that all regions' parts of it stay in the second-level cache.
public let blockElementCount = 64 * 1024

/// Below this many elements the fork and join of threads cost more than they gain.
@usableFromInline let parallelElementCount = 512 * 1024

/// A piece of a run: elements of the variable and of the gradient that belong together.
@usableFromInline
struct Block {
  /// Elements of variable, slots and average, from the start of the run.
  @usableFromInline let target: Range<Int>
  /// Elements of the gradient.
  @usableFromInline let source: Range<Int>
  /// Elements of the variable whose turn comes soon after; empty when the processor finds them by itself.
  @usableFromInline var ahead = 0..<0
}

/// How many rows are fetched ahead: their memory is far away, and waiting for one after the other costs several times
/// what the work does.
private let rowsAhead = 8

/// The most elements of a row that are fetched ahead; the processor goes on by itself.
private let elementsAhead = 256

/// Calls `body` for each block of a run, on several threads when the run is large. Rows with a gradient go one after the
/// other, because they may repeat.
@usableFromInline
func eachBlock(_ extent: RunExtent, _ body: @Sendable (Block) -> Void) {
  if let rows = extent.rows { return eachRow(rows, body) }
  let count = extent.elementCount
  let blockCount = (count + blockElementCount - 1) / blockElementCount
  // From the end: of a gradient that has just arrived, the last blocks are still in cache.
  @Sendable func block(_ position: Int) -> Block {
    let index = blockCount - 1 - position
    let range = index * blockElementCount..<min((index + 1) * blockElementCount, count)
    return Block(target: range, source: range)
  }
  guard count >= parallelElementCount, extent.threads > 1 else {
    for index in 0..<blockCount { body(block(index)) }
    return
  }
  let next = Atomic(0)
  DispatchQueue.concurrentPerform(iterations: min(extent.threads, blockCount)) { _ in
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      guard index < blockCount else { return }
      body(block(index))
    }
  }
}

/// Calls `body` for selected rows, neighbouring rows at once.
private func eachRow(_ rows: RowSelection, _ body: (Block) -> Void) {
  let width = rows.width
  let rowsPerBlock = max(1, blockElementCount / max(width, 1))
  var done = 0
  for (index, range) in rows.ranges.enumerated() {
    var ahead = 0..<0
    if index + rowsAhead < rows.ranges.count {
      let start = rows.ranges[index + rowsAhead].lowerBound * width
      ahead = start..<start + min(width, elementsAhead)
    }
    var first = range.lowerBound
    while first < range.upperBound {
      let end = min(first + rowsPerBlock, range.upperBound)
      let source = done * width..<(done + end - first) * width
      body(Block(target: first * width..<end * width, source: source, ahead: ahead))
      done += end - first
      first = end
    }
  }
}
