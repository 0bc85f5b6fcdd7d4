/// The files of a data directory, by name.
enum DataFileName: Equatable {
  /// A checkpoint of the state after so many changes.
  case checkpoint(sequence: Int)
  /// A journal file that begins with this change.
  case journal(firstSequence: Int)
  /// A file that was being written, and is of no use.
  case partial(String)
  /// Held by the process that uses the directory.
  case lock
  /// How the last run went.
  case runMark
  /// Anything else, which is left alone.
  case other(String)

  private static let digitCount = 16
  private static let checkpointPrefix = "checkpoint-"
  private static let checkpointSuffix = ".safetensors"
  private static let journalPrefix = "journal-"
  private static let partialSuffix = ".partial"

  init(_ name: String) {
    if name == Self.lock.description {
      self = .lock
    } else if name == Self.runMark.description {
      self = .runMark
    } else if name.hasSuffix(Self.partialSuffix) {
      self = .partial(name)
    } else if name.hasPrefix(Self.checkpointPrefix), name.hasSuffix(Self.checkpointSuffix),
      let sequence = Self.number(name.dropFirst(Self.checkpointPrefix.count).dropLast(Self.checkpointSuffix.count))
    {
      self = .checkpoint(sequence: sequence)
    } else if name.hasPrefix(Self.journalPrefix), let first = Self.number(name.dropFirst(Self.journalPrefix.count)) {
      self = .journal(firstSequence: first)
    } else {
      self = .other(name)
    }
  }

  /// The name of a file while it is being written.
  var whileWritten: String { description + Self.partialSuffix }

  /// The name under which a damaged file is kept.
  var setAside: String { description + ".damaged" }

  /// A number as names hold it: they sort like the numbers.
  static func digits(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(digitCount - digits.count, 0)) + digits
  }

  private static func number(_ text: Substring) -> Int? {
    guard text.utf8.count >= digitCount, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
      return nil
    }
    return Int(text)
  }
}

extension DataFileName: CustomStringConvertible {
  var description: String {
    switch self {
    case .checkpoint(let sequence): Self.checkpointPrefix + Self.digits(sequence) + Self.checkpointSuffix
    case .journal(let first): Self.journalPrefix + Self.digits(first)
    case .partial(let name), .other(let name): name
    case .lock: "lock"
    case .runMark: "run"
    }
  }
}
