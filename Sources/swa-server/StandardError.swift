import Glibc

/// Lines for people and supervisors: descriptor 2, unbuffered.
enum StandardError {
  /// Writes the text in one piece where the kernel takes it, so that lines of several threads do not mix.
  static func write(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      // Nobody is left to be told that stderr is gone.
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
