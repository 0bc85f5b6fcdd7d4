import Glibc
import Locks

@testable import ModelStore

/// A disk in memory that forgets, on a crash, what was not synced, and that can stop, fail or cut short any one call.
final class SimulatedDisk: FileCalls {
  /// What becomes of one call.
  enum Fault: Sendable, Equatable {
    /// The process ends here: this call and all later ones do nothing.
    case stop
    /// The call fails with this errno.
    case fail(Int32)
    /// A read or write does half of what it was asked.
    case short
  }

  /// What becomes of what was not synced when the power fails.
  enum Loss: Sendable, CaseIterable {
    /// All of it is there.
    case nothing
    /// None of it is there.
    case everything
    /// Data is there and directory entries are not, and the other way round.
    case entries, data
    /// Of the last writes to each file, only the first half is there.
    case torn
    /// Later writes are there and earlier ones are not.
    case earlierWrites
  }

  /// A defect that a careless program would have.
  enum Defect: Sendable {
    case dropsSync, dropsDirectorySync
  }

  private enum DataChange {
    case write(offset: Int, [UInt8])
    case resize(Int)
  }

  private enum EntryChange {
    case link(String, inode: Int)
    case rename(String, String)
    case unlink(String)
  }

  private struct File {
    var content: [UInt8] = []
    var durable: [UInt8] = []
    var unsynced: [DataChange] = []
  }

  private struct State {
    var files: [Int: File] = [:]
    var entries: [String: Int] = [:]
    var durableEntries: [String: Int] = [:]
    var unsyncedEntries: [EntryChange] = []
    var descriptors: [Int32: Int] = [:]
    /// Those that take whole blocks alone.
    var uncached: Set<Int32> = []
    var nextDescriptor: Int32 = 100
    var nextInode = 1
    var calls: [String] = []
    var fault: (call: Int, Fault)?
    var awaited: (call: String, Fault)?
    var hasFaulted = false
    var isStopped = false
    var isFull = false
    var defect: Defect?
    var isHeld = false
    var heldCount = 0
  }

  /// Bytes of a block.
  static let blockByteCount = 16

  private let state = Lock(State())

  init(fault: (call: Int, Fault)? = nil, defect: Defect? = nil) {
    state.withLock { state in
      state.fault = fault
      state.defect = defect
    }
  }

  private init(_ files: [String: [UInt8]]) {
    state.withLock { state in
      for (name, content) in files {
        let inode = state.nextInode
        state.nextInode += 1
        state.files[inode] = File(content: content, durable: content)
        state.entries[name] = inode
      }
      state.durableEntries = state.entries
    }
  }

  /// The calls so far, by name.
  var calls: [String] { state.withLock { $0.calls } }
  var hasFaulted: Bool { state.withLock { $0.hasFaulted } }
  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Lets everything that needs room fail, or no more.
  func setFull(_ isFull: Bool) {
    state.withLock { $0.isFull = isFull }
  }

  /// Lets the next call of this number, counted from now on, meet a fault.
  func setFault(_ fault: (call: Int, Fault)?) {
    state.withLock { state in
      state.fault = fault.map { ($0.call + state.calls.count, $0.1) }
      state.hasFaulted = false
    }
  }

  /// Lets the next call of this kind meet a fault.
  func setFault(_ fault: Fault, atNext call: String) {
    state.withLock { $0.awaited = (call, fault) }
  }

  /// Lets syncs wait until `release`.
  func hold() {
    state.withLock { $0.isHeld = true }
  }

  func release() {
    state.withLock { $0.isHeld = false }
  }

  /// Waits until a sync waits, or a fault has come.
  func waitForHeldSync() {
    while !state.withLock({ $0.heldCount > 0 || $0.hasFaulted }) { usleep(50) }
  }

  /// The content of all files as a program sees it.
  var contents: [String: [UInt8]] {
    get { state.withLock { state in state.entries.mapValues { state.files[$0]?.content ?? [] } } }
  }

  /// A disk with these files, all synced.
  static func make(_ files: [String: [UInt8]]) -> SimulatedDisk { SimulatedDisk(files) }

  /// What is on the disk after a crash.
  func afterCrash(_ loss: Loss) -> SimulatedDisk {
    state.withLock { state in
      var entries = state.durableEntries
      if loss != .everything, loss != .entries {
        for change in state.unsyncedEntries { Self.apply(change, to: &entries) }
      }
      return SimulatedDisk(entries.mapValues { Self.content(state.files[$0] ?? File(), after: loss) })
    }
  }

  private static func content(_ file: File, after loss: Loss) -> [UInt8] {
    var content = file.durable
    for (index, change) in file.unsynced.enumerated() {
      switch loss {
      case .everything, .data: continue
      case .nothing, .entries: apply(change, to: &content)
      case .torn:
        if index == file.unsynced.count - 1, case .write(let offset, let bytes) = change {
          apply(.write(offset: offset, Array(bytes.prefix(bytes.count / 2))), to: &content)
        } else {
          apply(change, to: &content)
        }
      case .earlierWrites:
        if index == file.unsynced.count - 1 { apply(change, to: &content) }
      }
    }
    return content
  }

  private static func apply(_ change: DataChange, to content: inout [UInt8]) {
    switch change {
    case .write(let offset, let bytes):
      if content.count < offset + bytes.count {
        content += [UInt8](repeating: 0, count: offset + bytes.count - content.count)
      }
      content.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    case .resize(let count):
      if content.count > count {
        content.removeSubrange(count...)
      } else {
        content += [UInt8](repeating: 0, count: count - content.count)
      }
    }
  }

  private static func apply(_ change: EntryChange, to entries: inout [String: Int]) {
    switch change {
    case .link(let name, let inode): entries[name] = inode
    case .rename(let name, let newName):
      guard let inode = entries[name] else { return }
      entries[name] = nil
      entries[newName] = inode
    case .unlink(let name): entries[name] = nil
    }
  }

  /// Counts a call; answers its fault, after throwing those that make it fail.
  private func begin(
    _ call: String, _ name: String, _ state: inout State, needsRoom: Bool = false
  ) throws(FileFailure) -> Fault? {
    guard !state.isStopped else { throw FileFailure(call, name, code: ESHUTDOWN) }
    state.calls.append("\(call) \(name)")
    if needsRoom, state.isFull { throw FileFailure(call, name, code: ENOSPC) }
    if let (awaited, fault) = state.awaited, awaited == call {
      state.fault = (state.calls.count, fault)
      state.awaited = nil
    }
    guard let (number, fault) = state.fault, number == state.calls.count else { return nil }
    state.hasFaulted = true
    switch fault {
    case .stop:
      state.isStopped = true
      throw FileFailure(call, name, code: ESHUTDOWN)
    case .fail(let code):
      // After a failed sync the system takes what was written for clean, and never writes it.
      if call == "sync", code == EIO, let inode = state.entries[name] { state.files[inode]?.unsynced = [] }
      throw FileFailure(call, name, code: code)
    case .short: return fault
    }
  }

  func open(_ name: String, _ mode: FileMode) throws(FileFailure) -> Int32 {
    try state.withLock { (state) throws(FileFailure) in
      let needsRoom = if case .creating = mode { true } else { false }
      let isUncached = if case .uncached = mode { true } else { false }
      _ = try begin(isUncached ? "openUncached" : "open", name, &state, needsRoom: needsRoom)
      var inode = state.entries[name]
      switch mode {
      case .reading, .writing, .uncached:
        guard inode != nil else { throw FileFailure("open", name, code: ENOENT) }
      case .creating:
        guard inode == nil else { throw FileFailure("open", name, code: EEXIST) }
        inode = state.nextInode
        state.nextInode += 1
        state.files[state.nextInode - 1] = File()
        state.entries[name] = inode
        state.unsyncedEntries.append(.link(name, inode: state.nextInode - 1))
      }
      state.nextDescriptor += 1
      state.descriptors[state.nextDescriptor] = inode
      if isUncached { state.uncached.insert(state.nextDescriptor) }
      return state.nextDescriptor
    }
  }

  func close(_ file: Int32) {
    state.withLock { $0.descriptors[file] = nil }
  }

  func byteCount(of file: Int32, _ name: String) throws(FileFailure) -> Int {
    try state.withLock { (state) throws(FileFailure) in
      _ = try begin("size", name, &state)
      return state.files[state.descriptors[file] ?? 0]?.content.count ?? 0
    }
  }

  func read(
    _ file: Int32, _ name: String, at offset: Int, into bytes: inout MutableSpan<UInt8>, from start: Int
  ) throws(FileFailure) -> Int {
    let wanted = bytes.count - start
    let found = try state.withLock { (state) throws(FileFailure) in
      let fault = try begin("read", name, &state)
      let content = state.files[state.descriptors[file] ?? 0]?.content ?? []
      guard offset < content.count else { return [UInt8]() }
      let count = fault == .short ? (wanted + 1) / 2 : wanted
      return Array(content[offset..<min(offset + count, content.count)])
    }
    for index in found.indices { bytes[start + index] = found[index] }
    return found.count
  }

  func write(_ file: Int32, _ name: String, at offset: Int, _ bytes: Span<UInt8>) throws(FileFailure) -> Int {
    let all = bytes.indices.map { bytes[$0] }
    return try state.withLock { (state) throws(FileFailure) in
      let end = state.files[state.descriptors[file] ?? 0]?.content.count ?? 0
      let isUncached = state.uncached.contains(file)
      let fault = try begin(
        isUncached ? "writeBlocks" : "write", name, &state, needsRoom: offset + all.count > end)
      if isUncached {
        guard offset % Self.blockByteCount == 0, all.count % Self.blockByteCount == 0 else {
          throw FileFailure("write", name, code: EINVAL)
        }
      }
      let written = fault == .short ? Array(all.prefix((all.count + 1) / 2)) : all
      change(file, .write(offset: offset, written), &state)
      return written.count
    }
  }

  func allocate(_ file: Int32, _ name: String, _ range: Range<Int>) throws(FileFailure) {
    try state.withLock { (state) throws(FileFailure) in
      _ = try begin("allocate", name, &state, needsRoom: true)
      let count = state.files[state.descriptors[file] ?? 0]?.content.count ?? 0
      if range.upperBound > count { change(file, .resize(range.upperBound), &state) }
    }
  }

  func truncate(_ file: Int32, _ name: String, to byteCount: Int) throws(FileFailure) {
    try state.withLock { (state) throws(FileFailure) in
      _ = try begin("truncate", name, &state)
      change(file, .resize(byteCount), &state)
    }
  }

  /// Nothing has to be on the disk before `sync`, and anything may be: `Loss` has it.
  func startWriting(_ file: Int32, _ range: Range<Int>) {}

  func sync(_ file: Int32, _ name: String) throws(FileFailure) {
    var isWaiting = false
    while true {
      let isHeld = state.withLock { state in
        let isHeld = state.isHeld && !state.isStopped
        if isHeld, !isWaiting { state.heldCount += 1 }
        if !isHeld, isWaiting { state.heldCount -= 1 }
        isWaiting = isHeld
        return isHeld
      }
      guard isHeld else { break }
      usleep(50)
    }
    try state.withLock { (state) throws(FileFailure) in
      _ = try begin("sync", name, &state)
      guard state.defect != .dropsSync, let inode = state.descriptors[file] else { return }
      let content = state.files[inode]?.content ?? []
      state.files[inode]?.durable = content
      state.files[inode]?.unsynced = []
    }
  }

  func syncDirectory() throws(FileFailure) {
    try state.withLock { (state) throws(FileFailure) in
      _ = try begin("syncDirectory", ".", &state)
      guard state.defect != .dropsDirectorySync else { return }
      state.durableEntries = state.entries
      state.unsyncedEntries = []
    }
  }

  func rename(_ name: String, to newName: String) throws(FileFailure) {
    try state.withLock { (state) throws(FileFailure) in
      _ = try begin("rename", name, &state)
      guard state.entries[name] != nil else { throw FileFailure("rename", name, code: ENOENT) }
      Self.apply(.rename(name, newName), to: &state.entries)
      state.unsyncedEntries.append(.rename(name, newName))
    }
  }

  func remove(_ name: String) throws(FileFailure) {
    try state.withLock { (state) throws(FileFailure) in
      _ = try begin("remove", name, &state)
      guard state.entries[name] != nil else { throw FileFailure("remove", name, code: ENOENT) }
      Self.apply(.unlink(name), to: &state.entries)
      state.unsyncedEntries.append(.unlink(name))
    }
  }

  func names() throws(FileFailure) -> [String] {
    try state.withLock { (state) throws(FileFailure) in
      _ = try begin("names", ".", &state)
      return Array(state.entries.keys)
    }
  }

  private func change(_ file: Int32, _ change: DataChange, _ state: inout State) {
    guard let inode = state.descriptors[file] else { return }
    Self.apply(change, to: &state.files[inode, default: File()].content)
    state.files[inode]?.unsynced.append(change)
  }
}
