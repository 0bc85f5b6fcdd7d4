private import Tensors

/// An open file, closed at its end. Interrupted calls are made again, except `sync`; short ones are completed.
final class DataFile: Sendable {
  let name: String
  private let calls: any FileCalls
  private let descriptor: Int32

  init(_ name: String, _ mode: FileMode, in calls: any FileCalls) throws(FileFailure) {
    self.name = name
    self.calls = calls
    descriptor = try retrying { () throws(FileFailure) in try calls.open(name, mode) }
  }

  /// Owns an open descriptor.
  init(_ name: String, _ descriptor: Int32, of calls: any FileCalls) {
    self.name = name
    self.calls = calls
    self.descriptor = descriptor
  }

  /// A new file in the place of whatever is there; for files that nobody needs before they are complete.
  convenience init(replacing name: String, in calls: any FileCalls) throws(FileFailure) {
    do throws(FileFailure) {
      try self.init(name, .creating, in: calls)
    } catch {
      guard error.isTaken else { throw error }
      try retrying { () throws(FileFailure) in try calls.remove(name) }
      try self.init(name, .creating, in: calls)
    }
  }

  deinit {
    calls.close(descriptor)
  }

  func byteCount() throws(FileFailure) -> Int {
    try calls.byteCount(of: descriptor, name)
  }

  /// Fills `bytes` from `offset` on; answers how many there were before the file's end.
  func read(at offset: Int, into bytes: inout MutableSpan<UInt8>) throws(FileFailure) -> Int {
    var done = 0
    while done < bytes.count {
      do throws(FileFailure) {
        let count = try calls.read(descriptor, name, at: offset + done, into: &bytes, from: done)
        guard count > 0 else { return done }
        done += count
      } catch {
        guard error.isInterrupted else { throw error }
      }
    }
    return done
  }

  /// So many bytes from `offset` on, fewer where the file ends.
  func bytes(_ count: Int, at offset: Int) throws(FileFailure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    let found = try read(at: offset, into: &span)
    return found < count ? Array(bytes.prefix(found)) : bytes
  }

  /// Writes all of `bytes`.
  func write(_ bytes: Span<UInt8>, at offset: Int) throws(FileFailure) {
    var done = 0
    while done < bytes.count {
      do throws(FileFailure) {
        let rest = bytes.extracting(droppingFirst: done)
        let count = try calls.write(descriptor, name, at: offset + done, rest)
        guard count > 0 else { throw .nothingDone("write", name) }
        done += count
      } catch {
        guard error.isInterrupted else { throw error }
      }
    }
  }

  /// Makes sure that there is room for a range.
  func allocate(_ range: Range<Int>) throws(FileFailure) {
    try retrying { () throws(FileFailure) in try calls.allocate(descriptor, name, range) }
  }

  func truncate(to byteCount: Int) throws(FileFailure) {
    try retrying { () throws(FileFailure) in try calls.truncate(descriptor, name, to: byteCount) }
  }

  /// Begins to bring a range to the disk, so that `sync` finds less to do.
  func startWriting(_ range: Range<Int>) {
    calls.startWriting(descriptor, range)
  }

  /// Never made again when it fails: what was written may be gone from the cache by then, and a second call would
  /// succeed without it.
  func sync() throws(FileFailure) {
    try calls.sync(descriptor, name)
  }
}

/// Makes a call again for as long as it is interrupted.
private func retrying<Result>(_ call: () throws(FileFailure) -> Result) throws(FileFailure) -> Result {
  while true {
    do throws(FileFailure) {
      return try call()
    } catch {
      guard error.isInterrupted else { throw error }
    }
  }
}
