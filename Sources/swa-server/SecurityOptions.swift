import ArgumentParser

/// The options that say who may connect and do what.
struct SecurityOptions: ParsableArguments {
  @Option("Ask for a token; a file of lines ROLE:SHA256-OF-TOKEN[:LABEL], see swa-server token.", .path)
  var tokens: String?

  @Flag(inversion: .prefixedNo, help: "Listen beyond loopback although anybody who can connect may do everything.")
  var insecure = false

  /// Refuses to let everybody of a network in by mistake.
  func check(host: Host) throws(Failure) {
    guard host.isLoopback || tokens != nil || insecure else {
      throw Failure(
        .usage,
        """
        \(host) can be reached from other machines, and whoever connects may read and change everything; listen on a \
        loopback address (--host 127.0.0.1), ask for tokens (--tokens), or say --insecure if that is what you want
        """)
    }
  }
}
