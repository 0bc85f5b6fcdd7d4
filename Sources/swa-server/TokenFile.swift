import ParameterServer
import TLS

/// The file that `--tokens` names.
struct TokenFile {
  let path: String

  func read() throws(Failure) -> TokenTable {
    guard let text = String(validating: try NamedFile(path: path).read(), as: UTF8.self) else {
      throw Failure(.usage, "in \(path): must be UTF-8 text")
    }
    do throws(TokenTableError) {
      return try TokenTable(text)
    } catch {
      throw Failure(.usage, "in \(path): \(error)")
    }
  }
}
