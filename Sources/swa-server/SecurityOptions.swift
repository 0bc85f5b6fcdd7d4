import ArgumentParser

/// The options that say who may connect and do what.
struct SecurityOptions: ParsableArguments {
  @Option("Ask for a token; a file of lines ROLE:SHA256-OF-TOKEN[:LABEL], see swa-server token.", .path)
  var tokens: String?

  @Option("Speak TLS with this certificate, and those of intermediate authorities behind it; PEM.", .path)
  var tlsCert: String?

  @Option("The private key of the certificate, without a passphrase; PEM.", .path)
  var tlsKey: String?

  @Option("Ask every client for a certificate by one of these authorities; PEM. It gives role trainer.", .path)
  var tlsClientCA: String?

  @Flag(inversion: .prefixedNo, help: "Listen beyond loopback although anybody who can connect may do everything.")
  var insecure = false

  /// Refuses options that lack others, and to let everybody of a network in by mistake.
  func check(host: Host) throws(Failure) {
    guard (tlsCert == nil) == (tlsKey == nil) else {
      throw Failure(
        .usage, "--tls-cert and --tls-key go together: \(tlsKey == nil ? "--tls-key" : "--tls-cert") is missing")
    }
    guard tlsClientCA == nil || tlsCert != nil else {
      throw Failure(.usage, "--tls-client-ca needs TLS: --tls-cert and --tls-key are missing")
    }
    guard host.isLoopback || tokens != nil || tlsClientCA != nil || insecure else {
      throw Failure(
        .usage,
        """
        \(host) can be reached from other machines, and whoever connects may read and change everything; listen on a \
        loopback address (--host 127.0.0.1), ask for tokens (--tokens) or certificates (--tls-client-ca), or say \
        --insecure if that is what you want
        """)
    }
  }
}
