/// Takes an npz file as it arrives, as `numpy.savez` writes it: one stored member after the other, each announced when its
/// header is there, so that its owner places it, and the central directory, which must say the same.
///
/// Every byte of the file belongs to a record or to an array: there is no room for members that overlap, or for others
/// than those of the directory. In memory it takes 16 KiB, more while a record is longer, and about as much as the records
/// for what the directory is compared with.
public struct NpzReceiver: Sendable {
  private enum Phase: Sendable {
    case record
    case header
    case placing
    case data
    case descriptor
    case end
  }

  /// What a file begins with that holds an array, as an integer whose lowest byte comes first.
  public static let signature = ZipRecord.localHeader.rawValue

  private let totalByteCount: Int?
  private var phase = Phase.record
  private var window = ReadWindow()
  /// How many bytes were parsed or given to arrays.
  private var position = 0
  private var directory = ZipDirectoryCheck()
  private var entry: ZipEntry?
  /// Of the current member, as far as it has come.
  private var checksum = CRC32()
  private var memberByteCount = 0
  private var dataEnd = 0
  /// The tensor whose data comes next, until it is placed; its range counts from the first one's data.
  public private(set) var tensor: TensorDescription?
  /// What takes the data: the owner adds regions and places tensors here.
  public var intake = TensorIntake()
  /// The archive's comment, once it is there.
  public private(set) var comment: [UInt8] = []

  /// Takes a file of a known or unknown length.
  public init(totalByteCount: Int?) {
    self.totalByteCount = totalByteCount
  }

  /// Takes the next bytes: `fill` writes to the front of the memory where they belong and returns how many. Afterwards
  /// `tensor` may be there: it is placed in `intake`, then `goOn` is called, until there is none.
  public mutating func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(NpzError) {
    precondition(phase != .placing, "a tensor is placed before its data is received")
    if phase == .data, window.isEmpty { try receiveData(fill) } else { window.receive(fill) }
    try proceed()
  }

  /// Goes on once the tensor was placed.
  public mutating func goOn() throws(NpzError) {
    precondition(phase == .placing, "there is a tensor that was placed")
    tensor = nil
    phase = .data
    try proceed()
  }

  /// Checks that the file is whole.
  public func finish() throws(NpzError) {
    guard phase == .end else { throw .truncated }
  }

  private mutating func proceed() throws(NpzError) {
    while try step() {}
  }

  /// Takes what comes next from the window; false when more must come, or the tensor is to be placed.
  private mutating func step() throws(NpzError) -> Bool {
    switch phase {
    case .record: return try readRecord()
    case .header: return try readHeader()
    case .placing: return false
    case .data:
      guard intake.isComplete else {
        guard !window.isEmpty else { return false }
        var window = window
        self.window = ReadWindow()
        defer { self.window = window }
        try receiveData { target in window.move(to: &target) }
        return true
      }
      try endMember()
      return true
    case .descriptor: return try readDescriptor()
    case .end:
      guard window.isEmpty else { throw .surplus }
      return false
    }
  }

  /// A whole record of a kind at the front of the window; nil while it is not there.
  private func record<R>(
    _ record: ZipRecord, _ body: (Span<UInt8>) throws(NpzError) -> R
  ) throws(NpzError) -> (R, byteCount: Int)? {
    try window.withBytes { (bytes) throws(NpzError) in
      guard bytes.count >= record.fixedByteCount else { return nil }
      if record == .localHeader {
        let nameByteCount = Int(bytes.littleEndian(UInt16.self, at: 26))
        let limit = TensorDescription.maximumNameByteCountInFiles
        guard nameByteCount <= limit else {
          throw .nameTooLong(offset: position, byteCount: nameByteCount, limit: limit)
        }
      }
      let count = record.byteCount(in: bytes)
      guard bytes.count >= count else { return nil }
      return (try body(bytes.extracting(first: count)), count)
    }
  }

  private func entry(_ kind: ZipRecord) throws(NpzError) -> (ZipEntry, byteCount: Int)? {
    try record(kind) { (bytes) throws(NpzError) in try ZipEntry(kind, parsing: bytes, at: position) }
  }

  private mutating func readRecord() throws(NpzError) -> Bool {
    guard window.count >= 4 else { return false }
    let signature = window.withBytes { $0.littleEndian(UInt32.self, at: 0) }
    guard let kind = ZipRecord(rawValue: signature), directory.mayFollow(kind) else {
      throw .unexpectedRecord(offset: position, signature: signature)
    }
    switch kind {
    case .localHeader:
      guard let (entry, count) = try entry(kind) else { return false }
      try directory.begin(entry, at: position)
      self.entry = entry
      checksum = CRC32()
      memberByteCount = 0
      phase = .header
      drop(count)
    case .directoryEntry:
      guard let (entry, count) = try entry(kind) else { return false }
      try directory.check(entry, at: position)
      drop(count)
    case .zip64End, .zip64Locator, .end:
      guard let (end, count) = try record(kind, { (bytes) throws(NpzError) in ZipEnd(kind, parsing: bytes) }) else {
        return false
      }
      try directory.check(end, at: position)
      comment = end.comment
      if kind == .end { phase = .end }
      drop(count)
    case .dataDescriptor: return false
    }
    return true
  }

  private mutating func readHeader() throws(NpzError) -> Bool {
    guard let entry else { return false }
    let name = entry.name
    guard
      let (header, count) = try window.withBytes({ (bytes) throws(NpzError) -> (NpyHeader, Int)? in
        guard let count = try NpyHeader.byteCount(of: bytes, member: name), bytes.count >= count else { return nil }
        return (try NpyHeader(parsing: bytes.extracting(first: count), member: name), count)
      })
    else { return false }
    guard let byteCount = TensorDescription.byteCount(of: header.dtype, shape: header.shape),
      dataEnd + byteCount <= TensorDescription.maximumByteCount
    else { throw .sizeOverflow(member: name) }
    // A size that comes behind the data is 0 or right in front of it.
    guard entry.byteCount == byteCount + count || entry.hasDescriptor && entry.byteCount == 0 else {
      throw .sizeMismatch(member: name, expected: byteCount + count, came: entry.byteCount)
    }
    window.withBytes { checksum.update($0.extracting(first: count)) }
    drop(count)
    if let totalByteCount, byteCount > totalByteCount - position { throw .truncated }
    memberByteCount = byteCount + count
    tensor = TensorDescription(
      name: name, dtype: header.dtype, shape: header.shape, range: dataEnd..<dataEnd + byteCount,
      isColumnMajor: header.isColumnMajor)
    dataEnd += byteCount
    phase = .placing
    return false
  }

  private mutating func receiveData(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(NpzError) {
    var checksum = checksum
    var received = 0
    do throws(RegionError) {
      try intake.receive { target in
        received = fill(&target)
        // While the bytes are in cache.
        checksum.update(target.span.extracting(0..<received))
        return received
      }
    } catch {
      throw NpzError(error)
    }
    self.checksum = checksum
    position += received
  }

  private mutating func endMember() throws(NpzError) {
    guard let entry else { return }
    directory.end(checksum.value, byteCount: memberByteCount)
    guard !entry.hasDescriptor else {
      phase = .descriptor
      return
    }
    guard checksum.value == entry.checksum else {
      throw .checksumMismatch(member: entry.name, expected: entry.checksum, came: checksum.value)
    }
    phase = .record
  }

  private mutating func readDescriptor() throws(NpzError) -> Bool {
    guard let entry else { return false }
    let sizeByteCount = entry.isZip64 ? 8 : 4
    guard window.count >= 8 + 2 * sizeByteCount else { return false }
    let (signature, expected, sizes) = window.withBytes { bytes in
      (
        bytes.littleEndian(UInt32.self, at: 0), bytes.littleEndian(UInt32.self, at: 4),
        [0, 1].map {
          entry.isZip64
            ? bytes.littleEndian(UInt64.self, at: 8 + 8 * $0) : UInt64(bytes.littleEndian(UInt32.self, at: 8 + 4 * $0))
        }
      )
    }
    guard signature == ZipRecord.dataDescriptor.rawValue else {
      throw .unexpectedRecord(offset: position, signature: signature)
    }
    guard checksum.value == expected else {
      throw .checksumMismatch(member: entry.name, expected: expected, came: checksum.value)
    }
    for size in sizes where size != UInt64(memberByteCount) {
      throw .memberMismatch(member: entry.name, field: "size", expected: UInt64(memberByteCount), came: size)
    }
    drop(8 + 2 * sizeByteCount)
    phase = .record
    return true
  }

  private mutating func drop(_ count: Int) {
    window.drop(count)
    position += count
  }
}

extension NpzError {
  init(_ error: RegionError) {
    switch error {
    case .outOfMemory(let byteCount): self = .outOfMemory(byteCount: byteCount)
    }
  }
}
