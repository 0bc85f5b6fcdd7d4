/// What came of an archive, against which its central directory and its end are held.
struct ZipDirectoryCheck: Sendable {
  private struct Member: Sendable {
    let name: String
    let offset: Int
    var checksum: UInt32 = 0
    var byteCount = 0
  }

  private var members: [Member] = []
  private var names: Set<NameKey> = []
  /// How many members the directory has listed.
  private var listedCount = 0
  private var directoryStart: Int?
  private var directoryEnd: Int?
  private var last = ZipRecord.localHeader

  /// Whether a record of this kind may come next, behind all data of the members before.
  func mayFollow(_ record: ZipRecord) -> Bool {
    switch record {
    case .localHeader: last == .localHeader
    case .directoryEntry: last == .localHeader || last == .directoryEntry
    case .zip64End: last == .localHeader || last == .directoryEntry
    case .zip64Locator: last == .zip64End
    case .end: last != .zip64End
    case .dataDescriptor: false
    }
  }

  /// A member begins at byte `position` of the file.
  mutating func begin(_ entry: ZipEntry, at position: Int) throws(NpzError) {
    guard TensorDescription.isValid(name: entry.name, byteCount: TensorDescription.maximumNameByteCountInFiles) else {
      throw .invalidName(entry.name)
    }
    guard names.insert(NameKey(entry.name)).inserted else { throw .duplicateName(entry.name) }
    guard members.count < TensorDescription.maximumCount else {
      throw .tooManyTensors(limit: TensorDescription.maximumCount)
    }
    try entry.check()
    members.append(Member(name: entry.name, offset: position))
  }

  /// The member that began last had this checksum and so many bytes.
  mutating func end(_ checksum: UInt32, byteCount: Int) {
    members[members.count - 1].checksum = checksum
    members[members.count - 1].byteCount = byteCount
  }

  /// The directory lists a member.
  mutating func check(_ entry: ZipEntry, at position: Int) throws(NpzError) {
    directoryStart = directoryStart ?? position
    last = .directoryEntry
    guard listedCount < members.count else {
      throw .endMismatch(
        field: ZipEnd.Field.memberCount.rawValue, expected: UInt64(members.count), came: UInt64(listedCount) + 1)
    }
    let member = members[listedCount]
    guard entry.name == member.name else { throw .memberOrder(expected: member.name, came: entry.name) }
    try entry.check()
    for (field, expected, came) in [
      ("offset", UInt64(member.offset), entry.offset), ("size", UInt64(member.byteCount), entry.byteCount),
      ("CRC-32", UInt64(member.checksum), UInt64(entry.checksum)),
    ] where expected != came {
      throw .memberMismatch(member: member.name, field: field, expected: expected, came: came)
    }
    listedCount += 1
  }

  /// A record that ends the archive begins at byte `position` of the file.
  mutating func check(_ end: ZipEnd, at position: Int) throws(NpzError) {
    let directoryEnd = self.directoryEnd ?? position
    let directoryStart = self.directoryStart ?? directoryEnd
    (self.directoryStart, self.directoryEnd) = (directoryStart, directoryEnd)
    last = end.record
    guard listedCount == members.count else {
      throw .endMismatch(
        field: ZipEnd.Field.memberCount.rawValue, expected: UInt64(members.count), came: UInt64(listedCount))
    }
    for (field, came) in end.fields {
      let expected: Int =
        switch field {
        case .memberCount: members.count
        case .directoryByteCount: directoryEnd - directoryStart
        case .directoryOffset: directoryStart
        case .zip64EndOffset: directoryEnd
        case .zip64EndByteCount: 44
        case .disk: 0
        case .diskCount: 1
        }
      guard came == UInt64(expected) else {
        throw .endMismatch(field: field.rawValue, expected: UInt64(expected), came: came)
      }
    }
  }
}
