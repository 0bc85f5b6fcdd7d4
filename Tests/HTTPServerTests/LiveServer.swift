import Glibc
import HTTPServer
import Logging
import Sockets

/// A server on a free port of 127.0.0.1, stopped at its end.
final class LiveServer {
  let service: TestService
  let server: Server
  let port: Int

  init(contentLimit: Int = 1 << 30, _ configure: (inout ServerConfiguration) -> Void = { _ in }) throws {
    var configuration = ServerConfiguration()
    configuration.maximumConnections = 100
    configure(&configuration)
    service = TestService(contentLimit: contentLimit)
    server = Server(configuration: configuration, service: service, logger: Logger(label: "test"))
    port = try server.start(host: "127.0.0.1", port: 0)[0].port
  }

  /// Waits until something that happens on another thread has.
  func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<10_000 {
      if condition() { return true }
      usleep(500)
    }
    return false
  }

  deinit {
    server.stop(grace: .zero)
  }
}
