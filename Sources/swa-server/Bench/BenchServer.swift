import FoundationEssentials
import Glibc
import Processes
import Sockets
import Tensors

/// A server that is measured: a process of this program's own, or one that was there.
final class BenchServer {
  let address: SocketAddress
  /// The process when it is our own.
  private let process: ChildProcess?

  /// A server that was there.
  init(at address: SocketAddress) {
    self.address = address
    process = nil
  }

  /// Starts a server on a free port, and waits until it answers.
  init() throws(Failure) {
    let portFile = FileManager.default.temporaryDirectory.appending(path: "swa-bench-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: portFile) }
    let process = try Self.start(portFile: portFile)
    guard let port = try Self.port(of: process, in: portFile) else {
      throw Failure(.unavailable, "the server of the benchmark did not start")
    }
    self.process = process
    address = SocketAddress(host: "127.0.0.1", port: port)
  }

  deinit {
    process?.stop()
  }

  private static func start(portFile: String) throws(Failure) -> ChildProcess {
    do {
      // What is measured has the defaults, whatever a server started here by hand would have.
      return try ChildProcess(
        arguments: [
          "serve", "--port", "0", "--port-file", portFile, "--log-level", "warning", "--shutdown-grace", "0",
        ], droppedPrefix: "SWA_")
    } catch {
      throw Failure(.software, "\(error)")
    }
  }

  private static func port(of process: ChildProcess, in file: String) throws(Failure) -> Int? {
    let start = MonotonicTime.now
    while process.isRunning, MonotonicTime.now.seconds(since: start) < 30 {
      if FileManager.default.fileExists(atPath: file) {
        return Int(String(decoding: try NamedFile(path: file).read(), as: UTF8.self).dropLast())
      }
      usleep(200)
    }
    return nil
  }

  /// Gives it a model of this shape in the place of what it has, trained by this rule, and with a snapshot into the
  /// average at every `averagePeriod`-th push, or none.
  func prepare(_ shape: BenchShape, averagePeriod: Int?, rule: BenchRule) throws(Failure) {
    var connection = try BenchConnection(to: address)
    let start = averagePeriod == nil ? 1 << 40 : 0
    let optimizer = """
      {"class_name":"SWA","config":{"start_averaging":\(start),"average_period":\(averagePeriod ?? 1),\
      "optimizer":\(rule.json)}}
      """
    let pool = RegionPool()
    var answer = try Region.forBench(byteCount: 64 << 10, pool: pool)
    let file = try shape.file(from: pool)
    let json = Array(optimizer.utf8)
    let dropped = try connection.exchange(Self.head("DELETE", "weights"), nil, into: &answer)
    guard dropped == 204 || dropped == 404 else { throw Self.refused("DELETE weights", dropped) }
    let configured = try connection.exchange(
      Self.head("PUT", "optimizer", type: "application/json", byteCount: json.count) + json, nil, into: &answer)
    guard configured == 200 else { throw Self.refused("PUT optimizer", configured) }
    let created = try connection.exchange(
      Self.head("PUT", "weights", type: "application/octet-stream", byteCount: file.byteCount), file, into: &answer)
    guard created == 201 else { throw Self.refused("PUT weights", created) }
  }

  private static func head(_ method: String, _ resource: String, type: String? = nil, byteCount: Int = 0) -> [UInt8] {
    let content = type.map { "Content-Type: \($0)\r\nContent-Length: \(byteCount)\r\n" } ?? ""
    return Array("\(method) /v1/\(resource) HTTP/1.1\r\nHost: localhost\r\n\(content)\r\n".utf8)
  }

  private static func refused(_ request: String, _ status: Int) -> Failure {
    Failure(.unavailable, "the server answered \(status) to \(request)")
  }

  /// The most memory that the process has had, in bytes; nil when it is not our own.
  func peakMemory() throws(Failure) -> Int? {
    guard let process else { return nil }
    let status = String(decoding: try NamedFile(path: "/proc/\(process.identifier)/status").read(), as: UTF8.self)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line?.split(separator: " ").compactMap { Int($0) }.first.map { $0 << 10 }
  }
}
