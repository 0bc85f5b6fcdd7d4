import FoundationEssentials
import ParameterClient

/// A file that gets its name once it is whole, so that nobody reads half of it; what is no regular file, such as a pipe or
/// `/dev/null`, is written as it is.
struct OutputFile: ~Copyable {
  /// What to write to.
  let file: LocalFile
  private let path: String
  private let partialPath: String?

  init(_ path: String) throws(ClientError) {
    self.path = path
    if LocalFile.isSpecial(path) {
      partialPath = nil
      file = try LocalFile(writing: path)
    } else {
      let partialPath = "\(path).\(ProcessInfo.processInfo.processIdentifier).part"
      self.partialPath = partialPath
      file = try LocalFile(creating: partialPath)
    }
  }

  deinit {
    if let partialPath { LocalFile.remove(partialPath) }
  }

  /// Gives the file its name.
  consuming func commit() throws(ClientError) {
    guard let partialPath else { return }
    try file.synchronize()
    try LocalFile.rename(partialPath, to: path)
  }
}
