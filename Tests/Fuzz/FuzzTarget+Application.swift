@testable import HTTPServer
import Logging
import ModelStore
import Optimizers
import ParameterServer
import Sockets
import Tensors

/// A connection to an application that holds a small model: whatever comes, what goes out is whole answers, and none of
/// them says that the server is at fault.
extension FuzzTarget {
  static func application(_ input: [UInt8]) {
    guard let bench = try? Bench() else { preconditionFailure("no server") }
    // A first byte beyond the input cuts it nowhere.
    let split = min(Int(input.first ?? 0) * 4, max(0, input.count - 1))
    let wire = input.dropFirst()
    bench.read([Array(wire.prefix(split)), Array(wire.dropFirst(split))])
    check(bench.stream.takeWritten())
  }

  private static func check(_ written: [UInt8]) {
    let start = Array("HTTP/1.1 ".utf8)
    var rest = written[...]
    while !rest.isEmpty {
      guard rest.starts(with: start), let end = headEnd(rest) else { preconditionFailure("no answer begins here") }
      let lines = String(decoding: rest[..<end], as: UTF8.self).split(separator: "\r\n")
      guard let code = Int(lines[0].dropFirst(start.count).prefix(3)) else { preconditionFailure("no status") }
      precondition(code < 500 || code == 501 || code == 503 || code == 505, "\(lines)")
      rest = rest[end...]
      // To HEAD, and with 304, the length is not of what follows; no content begins like an answer.
      if rest.starts(with: start) || rest.isEmpty { continue }
      let length = lines.first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) } ?? 0
      precondition(length > 0 && length <= rest.count, "\(lines)")
      rest = rest.dropFirst(length)
    }
  }

  /// The place behind the empty line.
  private static func headEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
    let mark = Array("\r\n\r\n".utf8)
    return bytes.indices.first { bytes[$0] == mark[0] && bytes[$0...].starts(with: mark) }.map { $0 + mark.count }
  }

  private struct Bench {
    let stream = MemoryStream()
    let connection: Connection

    init() throws {
      let model = Model(optimizer: SWA(SGD()), threads: 1, pool: RegionPool())
      let layout = Layout([
        Variable(name: "w", dtype: .f32, shape: [2, 3], isTrainable: true),
        Variable(name: "h", dtype: .f16, shape: [3], isTrainable: true),
        Variable(name: "n", dtype: .i64, shape: [], isTrainable: false),
      ])
      let values = try Region.zeros(byteCount: layout.byteCount, pool: model.pool)
      _ = try model.apply(.create(layout: layout, values: values, epoch: .random()))
      let logger = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
      let application = Application(model: model, configuration: ApplicationConfiguration(), logger: logger)
      var configuration = ServerConfiguration()
      configuration.maximumBodyBytes = 1 << 20
      let context = ServerContext(configuration: configuration, service: application, logger: logger)
      let loop = LoopHandle(try Mailbox(waking: Poller(), token: 0), context.threads)
      connection = Connection(token: 0, stream: stream, peer: "", loop: loop, context: context, now: .now)
    }

    /// Gives the connection these pieces, each in a turn of its own, then the end.
    func read(_ pieces: [[UInt8]]) {
      for piece in pieces {
        stream.put(piece)
        run()
      }
      stream.putEnd()
      run()
      connection.close()
    }

    private func run() {
      var place = Place(isLoop: true, bufferSize: 4096)
      for _ in 0..<1000 {
        var ready = ReadySet.all
        switch connection.run(&place, &ready).pause {
        case .worker: place = Place(isLoop: false, bufferSize: 4096)
        case .loop, .yield: place = Place(isLoop: true, bufferSize: 4096)
        case .transport, .answer, .closed: return
        }
      }
      preconditionFailure("it turns without end")
    }
  }
}
