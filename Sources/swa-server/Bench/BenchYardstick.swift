import Processes
import Sockets

/// The C program of deploy/bench, serving the same requests without HTTP, checks and a model.
final class BenchYardstick {
  let address: SocketAddress
  private let process: ChildProcess

  /// Starts `program` for this kind of request: small ones on an epoll loop, others with a thread for each connection.
  init(_ program: String, for request: BenchRequest) throws(Failure) {
    let isSmall = request.shape.byteCount <= 64 << 10
    let floats = request.hasBody ? request.shape.elementCount : 0
    let answer = request.hasAnswerBody ? request.shape.fileByteCount : 256
    do {
      process = try ChildProcess(
        program: program,
        arguments: [
          "serve", isSmall ? "loop" : "threads", "apply", "\(request.byteCount)", "\(floats)", "\(answer)",
        ])
    } catch {
      throw Failure(.usage, "--yardstick: \(error)")
    }
    guard let port = process.readLine().flatMap({ Int($0) }) else {
      throw Failure(.unavailable, "the yardstick did not start")
    }
    address = SocketAddress(host: "127.0.0.1", port: port)
  }

  deinit {
    process.stop()
  }
}
