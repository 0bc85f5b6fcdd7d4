/// The system calls that durability rests on, on the files of one directory, as one value, so that a test can stop, fail
/// or lose each of them.
///
/// Each may be interrupted (EINTR), and a read or write may do less than asked.
protocol FileCalls: Sendable {
  /// Opens a file and answers its descriptor.
  func open(_ name: String, _ mode: FileMode) throws(FileFailure) -> Int32
  func close(_ file: Int32)
  func byteCount(of file: Int32, _ name: String) throws(FileFailure) -> Int
  /// Reads at an offset of the file into `bytes` from `start` on; 0 at the end.
  func read(
    _ file: Int32, _ name: String, at offset: Int, into bytes: inout MutableSpan<UInt8>, from start: Int
  ) throws(FileFailure) -> Int
  func write(_ file: Int32, _ name: String, at offset: Int, _ bytes: Span<UInt8>) throws(FileFailure) -> Int
  /// Makes sure that a range of the file has room on the disk; the file is at least as long afterwards.
  func allocate(_ file: Int32, _ name: String, _ range: Range<Int>) throws(FileFailure)
  func truncate(_ file: Int32, _ name: String, to byteCount: Int) throws(FileFailure)
  /// Begins to bring a range of the file to the disk, and does not wait; what goes wrong is for `sync` to tell.
  func startWriting(_ file: Int32, _ range: Range<Int>)
  /// Returns when what was written to the file, and its length, is on the disk.
  func sync(_ file: Int32, _ name: String) throws(FileFailure)
  /// Returns when the directory's entries are on the disk.
  func syncDirectory() throws(FileFailure)
  func rename(_ name: String, to newName: String) throws(FileFailure)
  func remove(_ name: String) throws(FileFailure)
  /// The names in the directory, in any order.
  func names() throws(FileFailure) -> [String]
}

/// What a file is opened for.
enum FileMode: Sendable {
  case reading
  /// Reading and writing a file that is there.
  case writing
  /// Reading and writing a file that must not be there yet.
  case creating
  /// Writing whole blocks from memory that begins at one to a file that is there, around the system's cache; not every
  /// file system has it.
  case uncached
}

/// A system call that failed.
public struct FileFailure: Error, Sendable, Equatable {
  /// The call's name.
  public let call: String
  /// The file or directory that it was about.
  public let name: String
  /// The errno.
  public let code: Int32

  init(_ call: String, _ name: String, code: Int32) {
    self.call = call
    self.name = name
    self.code = code
  }
}

extension FileFailure: CustomStringConvertible {
  /// A phrase for the operator.
  public var description: String { "\(call) \(name): \(SystemFiles.reason(code))" }
}
