import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct ServeTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func removeFolder() {
    try? FileManager.default.removeItem(at: folder)
  }

  private func file(_ name: String, _ content: Data) throws -> String {
    let url = folder.appending(path: name)
    try content.write(to: url)
    return url.path
  }

  /// A safetensors file of the header and as many zero bytes.
  private func safetensors(_ header: String, zeros: Int) -> Data {
    var length = UInt64(header.utf8.count).littleEndian
    return unsafe Data(bytes: &length, count: 8) + Data(header.utf8) + Data(count: zeros)
  }

  private func serve(_ arguments: String..., on port: String = "0") throws -> CommandProcess {
    try CommandProcess(["serve", "--port", port] + arguments)
  }

  private func port(in startUpLine: String?) throws -> String {
    let line = try #require(startUpLine)
    let match = try #require(try /listening on http:\/\/127\.0\.0\.1:([0-9]+),/.firstMatch(in: line), "\(line)")
    return String(match.1)
  }

  @Test func startUpLineSaysWhereAndWhat() throws {
    defer { removeFolder() }
    let server = try serve()
    let line = try #require(try server.nextErrorLine())
    let expected = try Regex(
      #"^\S+Z info swa-server 0\.1\.0 listening on http://127\.0\.0\.1:[1-9][0-9]*, no model yet, "#
        + #"SGD\(learning_rate 0\.01\) in SWA\(start_averaging 0, average_period 10\), durability none$"#)
    #expect(line.contains(expected), "\(line)")
    server.send(SIGTERM)
    #expect(try server.finish().status == 0)
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func signalEndsItWith0(signal: Int32) throws {
    defer { removeFolder() }
    let server = try serve()
    _ = try server.nextErrorLine()
    server.send(SIGHUP)
    server.send(SIGPIPE)
    server.send(signal)
    let result = try server.finish()
    #expect(result.status == 0)
    #expect(result.errors.contains("info stopped"))
  }

  @Test func portFileHoldsTheBoundPort() throws {
    defer { removeFolder() }
    let path = folder.appending(path: "port").path
    let server = try serve("--port-file", path)
    let port = try port(in: try server.nextErrorLine())
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "\(port)\n")
    server.send(SIGTERM)
    #expect(try server.finish().status == 0)
  }

  @Test func addressInUseIs69() throws {
    defer { removeFolder() }
    let first = try serve()
    let port = try port(in: try first.nextErrorLine())
    let second = try serve(on: port).finish()
    #expect(second.status == 69)
    #expect(second.errors == "Error: 127.0.0.1:\(port) is in use\n")
    first.send(SIGTERM)
    #expect(try first.finish().status == 0)
  }

  @Test func filesMakeTheModel() throws {
    defer { removeFolder() }
    let header =
      #"{"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"n":{"dtype":"I64","shape":[],"data_offsets":[24,32]}}"#
    let optimizer = """
      {"class_name":"SWA","config":{"average_period":5,
      "optimizer":{"class_name":"SGD","config":{"learning_rate":0.1,"momentum":0.9}}}}
      """
    let server = try serve(
      "--weights", try file("w.safetensors", safetensors(header, zeros: 32)),
      "--optimizer", try file("o.json", Data(optimizer.utf8)), "--log-format", "json")
    let line = try #require(try server.nextErrorLine())
    let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
    let message = try #require(object["message"])
    #expect(message.contains("model of 2 variables, 32 bytes"))
    #expect(message.contains("SGD(learning_rate 0.1, momentum 0.9) in SWA(start_averaging 0, average_period 5)"))
    server.send(SIGTERM)
    #expect(try server.finish().status == 0)
  }

  @Test(arguments: [
    ("w.safetensors", "--weights", "the tensors need 8 bytes of data, came 7"),
    ("o.json", "--optimizer", "config.momentumm"),
    ("p.json", "--optimizer", "not JSON"),
  ])
  func wrongFileIs64AndNamed(name: String, flag: String, reason: String) throws {
    defer { removeFolder() }
    let contents = [
      "w.safetensors": safetensors(#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, zeros: 7),
      "o.json": Data(#"{"class_name":"SGD","config":{"momentumm":1}}"#.utf8), "p.json": Data("{".utf8),
    ]
    let path = try file(name, try #require(contents[name]))
    let result = try serve(flag, path).finish()
    #expect(result.status == 64)
    #expect(result.errors.hasPrefix("Error: in \(path): "))
    #expect(result.errors.contains(reason), "\(result.errors)")
  }

  @Test(arguments: ["--weights", "--optimizer"])
  func missingFileIs74(flag: String) throws {
    defer { removeFolder() }
    let result = try serve(flag, "/no/such/file").finish()
    #expect(result.status == 74)
    #expect(result.errors == "Error: cannot read /no/such/file: no such file or directory\n")
  }

  @Test func portFileThatCannotBeWrittenIs74() throws {
    defer { removeFolder() }
    let result = try serve("--port-file", "/no/such/folder/port").finish()
    #expect(result.status == 74)
    #expect(result.errors == "Error: cannot write /no/such/folder/port: no such file or directory\n")
  }

  @Test func moreConnectionsThanDescriptorsAre64() throws {
    defer { removeFolder() }
    // The hard limit is at most fs.nr_open, 1,048,576 where nobody has raised it.
    let limit = try String(contentsOfFile: "/proc/self/limits", encoding: .utf8)
    let hard = limit.firstMatch(of: /Max open files +[0-9]+ +([0-9]+)/).flatMap { Int($0.1) } ?? .max
    guard hard < 1_000_000 else { return }
    let result = try serve("--max-connections", "1000000").finish()
    #expect(result.status == 64)
    #expect(result.errors.contains("--max-connections 1000000"))
  }

  @Test func graceLetsAnUnfinishedRequestWaitOnlySoLong() throws {
    defer { removeFolder() }
    let server = try serve("--shutdown-grace", "0.1")
    let upload = try Upload(to: try port(in: try server.nextErrorLine()))
    defer { upload.end() }
    server.send(SIGTERM)
    #expect(try server.finish().status == 0)
  }

  @Test func secondSignalEndsItAtOnce() throws {
    defer { removeFolder() }
    let server = try serve("--shutdown-grace", "3600")
    let upload = try Upload(to: try port(in: try server.nextErrorLine()))
    defer { upload.end() }
    server.send(SIGTERM)
    #expect(try server.nextErrorLine()?.contains("info stopping") == true)
    server.send(SIGINT)
    #expect(try server.finish().status == 128 + SIGINT)
  }
}
