import FoundationEssentials
import Glibc

/// A file that the command was told to use.
struct NamedFile {
  let path: String

  /// The whole content; a large file is mapped, and read when its bytes are used.
  func read() throws(Failure) -> Data {
    do {
      return try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
    } catch {
      throw Failure(.io, "cannot read \(path): \(Self.reason(error))")
    }
  }

  /// Puts `text` in the place of whatever is there: readers see the old content or the new, never a part.
  func replace(with text: String) throws(Failure) {
    do {
      try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw Failure(.io, "cannot write \(path): \(Self.reason(error))")
    }
  }

  private static func reason(_ error: any Error) -> String {
    guard let cause = (error as? CocoaError)?.underlying as? POSIXError else { return "\(error)" }
    return switch cause.code {
    case .ENOENT: "no such file or directory"
    case .EACCES: "permission denied"
    case .EISDIR: "it is a directory"
    case let code: "\(code)"
    }
  }
}
