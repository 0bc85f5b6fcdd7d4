/// Why a data directory can't be used. Nothing in it was changed.
public enum RecoveryError: Error, Sendable {
  /// A system call failed.
  case file(FileFailure)
  /// Another process uses the directory.
  case inUse(path: String, by: String)
  /// A newer version of this software wrote the file.
  case newerFormat(file: String, version: Int)
  /// A record that was on disk is damaged or gone.
  case damagedJournal(file: String, offset: Int, change: Int)
  /// There is a journal, and no checkpoint that it goes on from.
  case noCheckpoint(damaged: [String])
  /// The journal begins later than the newest sound checkpoint ends.
  case missingChanges(from: Int, to: Int)
  /// A checkpoint is whole, and can't be used all the same.
  case unusableCheckpoint(file: String, detail: String)
  /// A record is whole, and can't be applied.
  case unusableJournal(file: String, offset: Int, detail: String)
  /// The system has no memory for the model.
  case outOfMemory(byteCount: Int)
}

extension RecoveryError {
  /// A record that is whole and can't be applied.
  static func unusableRecord(file: String, offset: Int, _ error: RecordError) -> RecoveryError {
    switch error {
    case .file(let failure): .file(failure)
    case .outOfMemory(let byteCount): .outOfMemory(byteCount: byteCount)
    case .malformed, .unknownKind: .unusableJournal(file: file, offset: offset, detail: "\(error)")
    }
  }
}

extension RecoveryError: CustomStringConvertible {
  /// A sentence for the operator.
  public var description: String {
    switch self {
    case .file(let failure): "\(failure)"
    case .inUse(let path, let holder): "the data directory \(path) is in use by \(holder)"
    case .newerFormat(let file, let version):
      "\(file) has format version \(version), which a newer version of this software wrote"
    case .damagedJournal(let file, let offset, let change):
      """
      \(file) is damaged at byte \(offset): change \(change), which was on disk, can't be read, and later ones depend on \
      it; nothing was changed
      """
    case .noCheckpoint(let damaged):
      damaged.isEmpty
        ? "there is a journal and no checkpoint; nothing was changed"
        : "no checkpoint can be used (\(damaged.joined(separator: "; "))); nothing was changed"
    case .missingChanges(let from, let to):
      "the changes from \(from) to \(to) are missing from the journal; nothing was changed"
    case .unusableCheckpoint(let file, let detail): "\(file) can't be used: \(detail); nothing was changed"
    case .unusableJournal(let file, let offset, let detail):
      "\(file), byte \(offset): \(detail); nothing was changed"
    case .outOfMemory(let byteCount): "the system has no memory for \(byteCount) bytes"
    }
  }
}
