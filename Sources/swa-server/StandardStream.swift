import Glibc

/// Lines for people, supervisors and parents: stdout or stderr, unbuffered.
struct StandardStream {
  static let output = StandardStream(descriptor: STDOUT_FILENO)
  static let error = StandardStream(descriptor: STDERR_FILENO)

  private let descriptor: Int32

  /// Whether a person looks at it.
  var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Writes the text in one piece where the kernel takes it, so that lines of several threads do not mix.
  func write(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      // Nobody is left to be told that the stream is gone.
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
