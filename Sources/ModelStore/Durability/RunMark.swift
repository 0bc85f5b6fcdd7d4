/// What the last run left behind, to tell whether changes were lost. Without a mark it kept checkpoints alone and ended
/// in a crash, or nothing is known of it.
enum RunMark: Equatable {
  /// It kept a journal, so nothing was lost.
  case journal
  /// It kept checkpoints, and stopped after it had saved the state after this change.
  case stopped(sequence: Int)

  init?(_ text: String) {
    let words = text.split(whereSeparator: \.isWhitespace)
    if words == ["journal"] {
      self = .journal
    } else if words.count == 2, words[0] == "stopped", let sequence = Int(words[1]) {
      self = .stopped(sequence: sequence)
    } else {
      return nil
    }
  }

  /// The mark in a directory; nil when there is none that can be read.
  init?(in calls: any FileCalls) throws(FileFailure) {
    let name = DataFileName.runMark.description
    guard try calls.names().contains(name) else { return nil }
    let file = try DataFile(name, .reading, in: calls)
    self.init(String(decoding: try file.bytes(64, at: 0), as: UTF8.self))
  }

  /// Puts a mark in place of the one that is there, durably. One that says that nothing was saved needs no room.
  static func replace(with mark: RunMark?, in calls: any FileCalls) throws(FileFailure) {
    let name = DataFileName.runMark
    if let mark {
      let file = try DataFile(replacing: name.whileWritten, in: calls)
      try file.write(Array(mark.description.utf8).span, at: 0)
      try file.sync()
      try calls.rename(name.whileWritten, to: name.description)
    } else if try calls.names().contains(name.description) {
      try calls.remove(name.description)
    }
    try calls.syncDirectory()
  }
}

extension RunMark: CustomStringConvertible {
  var description: String {
    switch self {
    case .journal: "journal\n"
    case .stopped(let sequence): "stopped \(sequence)\n"
    }
  }
}
