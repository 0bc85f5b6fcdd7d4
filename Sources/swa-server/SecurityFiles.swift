import Logging
import ParameterServer
import TLS

/// What the security options name, read at the start and again at each SIGHUP.
final class SecurityFiles: Sendable {
  private let tokens: TokenFile?
  /// Who may do what, as the files have it now.
  let authorization: Authorization

  /// Reads the files.
  init(_ options: SecurityOptions) throws(Failure) {
    tokens = options.tokens.map { TokenFile(path: $0) }
    if let table = try tokens?.read() {
      authorization = Authorization(tokens: table) { SHA256.digest(of: $0) }
    } else {
      authorization = .open
    }
  }

  /// Reads the files again; what can't be used leaves in force what was read before.
  func reload(_ logger: Logger) {
    guard let tokens else { return logger.info("SIGHUP: there are no files to read again") }
    do throws(Failure) {
      let table = try tokens.read()
      authorization.replaceTokens(with: table)
      logger.info("read the tokens again", metadata: ["file": "\(tokens.path)", "tokens": "\(table.count)"])
    } catch {
      logger.error("the tokens stay as they were: \(error.message)")
    }
  }
}
