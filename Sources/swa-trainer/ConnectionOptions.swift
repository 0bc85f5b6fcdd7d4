import ArgumentParser
import FoundationEssentials
import Glibc
import ParameterClient

/// Where the server is and who asks: the options that all subcommands share.
struct ConnectionOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("The server's URL (default: $SWA_URL, else http://127.0.0.1:8080).", valueName: "url"))
  var url: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A file that holds the access token (default: the token in $SWA_TOKEN, if any).", valueName: "file"))
  var tokenFile: String?

  @Option(
    name: .customLong("cacert"),
    help: ArgumentHelp("Certificates (PEM) to trust instead of the system's.", valueName: "file"))
  var certificateAuthorities: String?

  @Option(
    name: .customLong("cert"), help: ArgumentHelp("The client's certificate (PEM).", valueName: "file"))
  var certificate: String?

  @Option(
    name: .long, help: ArgumentHelp("The key of the client's certificate (PEM).", valueName: "file"))
  var key: String?

  @Option(
    name: .customLong("trainer-id"),
    help: ArgumentHelp("The name under which the server counts this trainer's pushes.", valueName: "name"))
  var trainerID: String?

  /// The server's URL, from the flag, the environment or the default.
  var serverURL: String {
    url ?? ProcessInfo.processInfo.environment["SWA_URL"] ?? "http://127.0.0.1:8080"
  }

  /// A client with these options; `trainerID` wins over the option.
  func client(trainerID: String? = nil) throws(ClientError) -> ParameterClient {
    var settings = ConnectionSettings()
    settings.certificateAuthorities = certificateAuthorities
    settings.certificate = certificate
    settings.key = key
    let client = try ParameterClient(
      url: serverURL, credentials: Credentials(token: try token(), trainerID: trainerID ?? self.trainerID),
      settings: settings)
    // When stderr is gone nobody can be told.
    client.onNotice = { notice in try? LocalFile.standardError.write("swa-trainer: \(notice.message.printable)\n") }
    return client
  }

  /// The options as arguments, for a process that is to connect in the same way.
  var arguments: [String] {
    var arguments = ["--url", serverURL]
    let files = [
      ("--token-file", tokenFile), ("--cacert", certificateAuthorities), ("--cert", certificate), ("--key", key),
    ]
    for case (let flag, let file?) in files { arguments += [flag, file] }
    return arguments
  }

  private func token() throws(ClientError) -> String? {
    guard let tokenFile else { return ProcessInfo.processInfo.environment["SWA_TOKEN"] }
    let text: String
    do {
      text = try String(contentsOfFile: tokenFile, encoding: .utf8)
    } catch {
      let cause = ((error as? CocoaError)?.underlying as? POSIXError)?.code
      throw .file(
        FileError(
          path: tokenFile, operation: "read",
          reason: cause.map { FileError.reason($0.rawValue) } ?? "it is not text in UTF-8"))
    }
    return String(text.prefix { !$0.isNewline })
  }
}
