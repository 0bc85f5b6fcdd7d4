/// Copying between spans, with one check of the counts instead of one an element.
extension Span<UInt8> {
  /// Copies from `offset` on as much as fits into `target` and says how much.
  func copy(from offset: Int, into target: inout MutableSpan<UInt8>) -> Int {
    let source = extracting(offset...)
    let count = Swift.min(source.count, target.count)
    precondition(count <= source.count && count <= target.count)
    for index in 0..<count { target[index] = source[index] }
    return count
  }
}
