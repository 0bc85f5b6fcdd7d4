public import Optimizers
public import Tensors

/// A directory that holds one model, for one process at a time.
public final class DataDirectory: Sendable {
  let calls: any FileCalls
  /// Keeps the lock for as long as it is open.
  private let lock: DataFile?

  /// Opens a directory, which is made where it is missing, and takes its lock.
  public init(path: String) throws(RecoveryError) {
    do throws(FileFailure) {
      let files = try SystemFiles(creating: path)
      calls = files
      lock = try files.lock()
    } catch {
      throw .file(error)
    }
    guard let lock else { throw .inUse(path: path, by: Self.holder(calls)) }
    do throws(FileFailure) {
      try lock.truncate(to: 0)
      try lock.write(Array("process \(SystemFiles.processID)\n".utf8).span, at: 0)
    } catch {
      // Who holds the lock is a help for people alone: a full disk must not keep the server from starting.
      guard error.isFullDisk else { throw .file(error) }
    }
  }

  /// A directory in a test.
  init(calls: any FileCalls) {
    self.calls = calls
    lock = nil
  }

  /// Whether a model, or an optimizer alone, was saved here.
  public func holdsState() throws(RecoveryError) -> Bool {
    let names = try listing()
    return !names.checkpoints.isEmpty || !names.journalFiles.isEmpty
  }

  /// The checkpoints that are here, the oldest first; those whose header can't be read are left out.
  public func checkpoints() throws(RecoveryError) -> [Checkpoint] {
    try listing().checkpoints.compactMap { sequence in
      try? CheckpointReader(DataFileName.checkpoint(sequence: sequence).description, in: calls).checkpoint()
    }
  }

  /// A saved state to go on from. Cost: the file's bytes.
  public func state(
    of checkpoint: Checkpoint, registry: Registry, pool: RegionPool
  ) throws(CheckpointError) -> SavedState {
    try CheckpointReader(checkpoint.name.description, in: calls).state(registry: registry, pool: pool)
  }

  /// A checkpoint's file, for as long as the result is there, even when the checkpoint is removed meanwhile.
  public func file(of checkpoint: Checkpoint) throws(FileFailure) -> CheckpointFile {
    CheckpointFile(try DataFile(checkpoint.name.description, .reading, in: calls), byteCount: checkpoint.byteCount)
  }

  /// What is in the directory.
  func listing() throws(RecoveryError) -> Listing {
    do throws(FileFailure) {
      return Listing(try calls.names().map { DataFileName($0) })
    } catch {
      throw .file(error)
    }
  }

  private static func holder(_ calls: any FileCalls) -> String {
    let file = try? DataFile(DataFileName.lock.description, .reading, in: calls)
    let bytes = (try? file?.bytes(64, at: 0)) ?? []
    let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    return text.isEmpty ? "another process" : text
  }

  /// The files of a directory, by kind.
  struct Listing {
    /// The changes up to which there are checkpoints, ascending.
    private(set) var checkpoints: [Int] = []
    /// The first changes of the journal files, ascending.
    private(set) var journalFiles: [Int] = []
    /// Files that were being written.
    private(set) var partials: [String] = []

    init(_ names: [DataFileName]) {
      for name in names {
        switch name {
        case .checkpoint(let sequence): checkpoints.append(sequence)
        case .journal(let first): journalFiles.append(first)
        case .partial(let name): partials.append(name)
        case .lock, .runMark, .other: break
        }
      }
      checkpoints.sort()
      journalFiles.sort()
    }
  }
}

/// The bytes of a checkpoint.
public final class CheckpointFile: Sendable {
  private let file: DataFile
  /// How many there are.
  public let byteCount: Int

  init(_ file: DataFile, byteCount: Int) {
    self.file = file
    self.byteCount = byteCount
  }

  /// Fills `bytes` from `offset` on; answers how many there were.
  public func read(at offset: Int, into bytes: inout MutableSpan<UInt8>) throws(FileFailure) -> Int {
    try file.read(at: offset, into: &bytes)
  }
}

extension SavedState {
  /// A saved state in a file of any name, such as a downloaded checkpoint. Cost: the file's bytes.
  public init(path: String, registry: Registry, pool: RegionPool) throws(CheckpointError) {
    let end = path.lastIndex(of: "/")
    let directory = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let name = end.map { String(path[path.index(after: $0)...]) } ?? path
    let calls: SystemFiles
    do throws(FileFailure) {
      calls = try SystemFiles(directory)
    } catch {
      throw .file(error)
    }
    self = try CheckpointReader(name, in: calls).state(registry: registry, pool: pool)
  }
}
