import Locks
import Logging
import ParameterServer
import Sockets
import TLS

/// What the security options name, read at the start and again at each SIGHUP.
final class SecurityFiles: Sendable {
  private let tokenFile: TokenFile?
  private let tlsFiles: TLSFiles?
  private let context: Lock<TLSContext?>
  /// Who may do what, as the files have it now.
  let authorization: Authorization

  /// Reads the files.
  init(_ options: SecurityOptions) throws(Failure) {
    tokenFile = options.tokens.map { TokenFile(path: $0) }
    tlsFiles = TLSFiles(options)
    context = Lock(try tlsFiles?.context())
    let tokens = try tokenFile?.read()
    let takesCertificates = tlsFiles?.clientAuthorities != nil
    if tokens != nil || takesCertificates {
      authorization = Authorization(tokens: tokens, takesCertificates: takesCertificates) { SHA256.digest(of: $0) }
    } else {
      authorization = .open
    }
  }

  /// Makes secure streams of connections, by the files as they are then; nil without TLS.
  var secure: (@Sendable (SocketStream) -> (any ByteStream)?)? {
    guard tlsFiles != nil else { return nil }
    return { [self] socket in context.withLock { $0 }?.stream(over: socket) }
  }

  /// Says what an operator may not expect of the options.
  func warn(_ logger: Logger, host: Host) {
    if tlsFiles?.clientAuthorities != nil, tokenFile == nil {
      logger.warning("a client certificate gives role trainer, and there are no tokens: nobody is admin")
    }
    if tokenFile != nil, tlsFiles == nil, !host.isLoopback {
      logger.warning("there is no TLS: whoever listens in on the network learns the tokens")
    }
  }

  /// Reads the files again; what can't be used leaves in force what was read before.
  func reload(_ logger: Logger) {
    if let tlsFiles {
      do throws(Failure) {
        let new = try tlsFiles.context()
        context.withLock { $0 = new }
        logger.info("read the certificates again", metadata: ["file": "\(tlsFiles.certificates.path)"])
      } catch {
        logger.error("the certificates stay as they were: \(error.message)")
      }
    }
    if let tokenFile {
      do throws(Failure) {
        let table = try tokenFile.read()
        authorization.replaceTokens(with: table)
        logger.info("read the tokens again", metadata: ["file": "\(tokenFile.path)", "tokens": "\(table.count)"])
      } catch {
        logger.error("the tokens stay as they were: \(error.message)")
      }
    }
    if tlsFiles == nil, tokenFile == nil { logger.info("SIGHUP: there are no files to read again") }
  }
}
