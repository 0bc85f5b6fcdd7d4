import Glibc

/// An open file, its descriptor closed at the end; the one place that reads and writes files here.
public final class LocalFile {
  /// The path, for messages.
  public let path: String
  /// How long the file was when it was opened.
  public let byteCount: Int
  private let descriptor: Int32
  private let isOwned: Bool

  /// Standard output.
  public static var standardOutput: LocalFile { LocalFile(borrowing: STDOUT_FILENO, named: "standard output") }
  /// Standard error.
  public static var standardError: LocalFile { LocalFile(borrowing: STDERR_FILENO, named: "standard error") }

  /// Opens a regular file for reading.
  public init(reading path: String) throws(ClientError) {
    descriptor = try Self.open(path, O_RDONLY)
    self.path = path
    isOwned = true
    var information = stat()
    let result = unsafe fstat(descriptor, &information)
    byteCount = Int(information.st_size)
    guard result == 0, information.st_mode & S_IFMT == S_IFREG else {
      throw .file(FileError(path: path, operation: "read", reason: "not a regular file"))
    }
  }

  /// Creates a file, which must not exist.
  public init(creating path: String) throws(ClientError) {
    descriptor = try Self.open(path, O_WRONLY | O_CREAT | O_EXCL)
    self.path = path
    isOwned = true
    byteCount = 0
  }

  /// Opens what is there already for writing, such as a pipe.
  public init(writing path: String) throws(ClientError) {
    descriptor = try Self.open(path, O_WRONLY)
    self.path = path
    isOwned = true
    byteCount = 0
  }

  private init(borrowing descriptor: Int32, named path: String) {
    self.descriptor = descriptor
    self.path = path
    isOwned = false
    byteCount = 0
  }

  deinit {
    if isOwned { close(descriptor) }
  }

  /// Whether this is a terminal.
  public var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Writes all bytes.
  public func write(_ bytes: Span<UInt8>) throws(ClientError) {
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.extracting(written...).withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(of: "write") }
      written += count
    }
  }

  /// Writes a text in UTF-8.
  public func write(_ text: String) throws(ClientError) {
    try write(Array(text.utf8).span)
  }

  /// Makes the content durable.
  public func synchronize() throws(ClientError) {
    guard fsync(descriptor) == 0 else { throw failure(of: "write") }
  }

  /// Gives a file another name, in place of what had it.
  public static func rename(_ path: String, to target: String) throws(ClientError) {
    guard unsafe Glibc.rename(path, target) == 0 else {
      throw .file(FileError(path: target, operation: "rename to", reason: FileError.reason(errno)))
    }
  }

  /// Whether there is something at this path that is no regular file.
  public static func isSpecial(_ path: String) -> Bool {
    var information = stat()
    guard unsafe stat(path, &information) == 0 else { return false }
    return information.st_mode & S_IFMT != S_IFREG
  }

  /// Removes a file if it is there.
  public static func remove(_ path: String) {
    unsafe unlink(path)
  }

  func read(into buffer: inout MutableSpan<UInt8>, at offset: Int) throws(ClientError) -> Int {
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, offset) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(of: "read") }
      return count
    }
  }

  private func failure(of operation: String) -> ClientError {
    .file(FileError(path: path, operation: operation, reason: FileError.reason(errno)))
  }

  private static func open(_ path: String, _ flags: Int32) throws(ClientError) -> Int32 {
    let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw .file(FileError(path: path, operation: "open", reason: FileError.reason(errno)))
    }
    return descriptor
  }
}

extension FileError {
  /// The words for a code of errno.
  public static func reason(_ code: Int32) -> String {
    unsafe String(cString: strerror(code))
  }
}
