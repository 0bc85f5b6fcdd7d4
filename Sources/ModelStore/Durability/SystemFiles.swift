private import CLinux
private import Glibc

/// The system's own calls on a directory.
final class SystemFiles: FileCalls {
  let path: String
  private let directory: Int32

  /// Opens a directory; makes it, and those above it, where it is missing.
  convenience init(creating path: String) throws(FileFailure) {
    var end = path.startIndex
    while end < path.endIndex {
      end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
      guard unsafe mkdir(String(path[..<end]), 0o777) != 0, errno != EEXIST, end == path.endIndex else { continue }
      throw FileFailure("mkdir", path, code: errno)
    }
    try self.init(path)
  }

  /// Opens a directory.
  init(_ path: String) throws(FileFailure) {
    self.path = path
    directory = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw FileFailure("open", path, code: errno) }
  }

  deinit {
    Glibc.close(directory)
  }

  /// What the system says of an errno.
  static func reason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }

  /// This process, as its user sees it.
  static var processID: Int32 { getpid() }

  /// Takes the directory's lock, which is held for as long as this and the file are open; nil when another process has
  /// it. The directory itself is locked, as files can be removed; the file too, as some file systems lock no directories.
  func lock() throws(FileFailure) -> DataFile? {
    if swa_lock_exclusively(directory) == -EWOULDBLOCK { return nil }
    let name = DataFileName.lock.description
    let descriptor = unsafe openat(directory, name, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileFailure("open", place(name), code: errno) }
    let file = DataFile(name, descriptor, of: self)
    let result = swa_lock_exclusively(descriptor)
    if result == -EWOULDBLOCK { return nil }
    guard result == 0 else { throw FileFailure("flock", place(name), code: -result) }
    return file
  }

  func open(_ name: String, _ mode: FileMode) throws(FileFailure) -> Int32 {
    let flags =
      switch mode {
      case .reading: O_RDONLY
      case .writing: O_RDWR
      case .creating: O_RDWR | O_CREAT | O_EXCL
      case .uncached: O_RDWR | swa_open_uncached()
      }
    let file = unsafe openat(directory, name, flags | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw FileFailure("open", place(name), code: errno) }
    return file
  }

  func close(_ file: Int32) {
    Glibc.close(file)
  }

  func byteCount(of file: Int32, _ name: String) throws(FileFailure) -> Int {
    let end = lseek(file, 0, SEEK_END)
    guard end >= 0 else { throw FileFailure("lseek", place(name), code: errno) }
    return end
  }

  func read(
    _ file: Int32, _ name: String, at offset: Int, into bytes: inout MutableSpan<UInt8>, from start: Int
  ) throws(FileFailure) -> Int {
    precondition((0...bytes.count).contains(start))
    let count = unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe pread(file, bytes.baseAddress.map { unsafe $0 + start }, bytes.count - start, offset)
    }
    guard count >= 0 else { throw FileFailure("read", place(name), code: errno) }
    return count
  }

  func write(_ file: Int32, _ name: String, at offset: Int, _ bytes: Span<UInt8>) throws(FileFailure) -> Int {
    let count = unsafe bytes.withUnsafeBytes { unsafe pwrite(file, $0.baseAddress, $0.count, offset) }
    guard count >= 0 else { throw FileFailure("write", place(name), code: errno) }
    return count
  }

  func allocate(_ file: Int32, _ name: String, _ range: Range<Int>) throws(FileFailure) {
    let code = posix_fallocate(file, range.lowerBound, range.count)
    guard code == 0 else { throw FileFailure("fallocate", place(name), code: code) }
  }

  func truncate(_ file: Int32, _ name: String, to byteCount: Int) throws(FileFailure) {
    guard ftruncate(file, byteCount) == 0 else { throw FileFailure("ftruncate", place(name), code: errno) }
  }

  func startWriting(_ file: Int32, _ range: Range<Int>) {
    swa_start_writing(file, Int64(range.lowerBound), Int64(range.count))
  }

  func sync(_ file: Int32, _ name: String) throws(FileFailure) {
    guard fdatasync(file) == 0 else { throw FileFailure("fdatasync", place(name), code: errno) }
  }

  func syncDirectory() throws(FileFailure) {
    guard fsync(directory) == 0 else { throw FileFailure("fsync", path, code: errno) }
  }

  func rename(_ name: String, to newName: String) throws(FileFailure) {
    guard unsafe renameat(directory, name, directory, newName) == 0 else {
      throw FileFailure("rename", place(name), code: errno)
    }
  }

  func remove(_ name: String) throws(FileFailure) {
    guard unsafe unlinkat(directory, name, 0) == 0 else { throw FileFailure("unlink", place(name), code: errno) }
  }

  func names() throws(FileFailure) -> [String] {
    guard let stream = unsafe opendir(path) else { throw FileFailure("opendir", path, code: errno) }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw FileFailure("readdir", path, code: errno) }
    return names
  }

  private func place(_ name: String) -> String { "\(path)/\(name)" }
}

extension FileFailure {
  /// Whether the call was interrupted before it did anything.
  var isInterrupted: Bool { code == EINTR }

  /// Whether the disk, a quota or a limit has no room for more.
  var isFullDisk: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }

  /// Whether the file can't be written in this way.
  var isUnsupported: Bool { code == EINVAL }

  /// Whether there is no such file.
  var isMissing: Bool { code == ENOENT }

  /// Whether there is a file of this name already.
  var isTaken: Bool { code == EEXIST }

  /// The system has no memory.
  static func noMemory(_ name: String) -> FileFailure { FileFailure("malloc", name, code: ENOMEM) }

  /// A call that did nothing where it must do something.
  static func nothingDone(_ call: String, _ name: String) -> FileFailure { FileFailure(call, name, code: EIO) }
}
