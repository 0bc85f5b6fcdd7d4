import ArgumentParser
import Logging
import Testing

@testable import swa_server

@Suite struct EffectiveOptionsTests {
  private func lay(
    _ flags: [String] = [], over environment: [String: String] = [:], over files: [String: String] = [:]
  ) throws -> EffectiveOptions {
    let flagged = try ServeOptions.parse(flags)
    return try EffectiveOptions(flagged, flags: flags, environment: environment) { path throws(Failure) in
      guard let text = files[path] else { throw Failure(.io, "cannot read \(path)") }
      return Array(text.utf8)
    }
  }

  private func source(of name: String, in effective: EffectiveOptions) -> Source? {
    effective.settings.first { $0.name.description == name }?.source
  }

  private func usageError(_ message: String) -> Failure { Failure(.usage, message) }

  @Test func withoutAnyLayerDefaultsHold() throws {
    let effective = try lay()
    #expect(effective.options.host.description == "127.0.0.1")
    #expect(effective.options.port == 8080)
    #expect(effective.options.maxConnections == 10_000)
    #expect(effective.options.maxWorkers == 256)
    #expect(effective.options.maxBodyBytes.bytes == 4_294_967_296)
    #expect(effective.options.headTimeout.duration == .seconds(10))
    #expect(effective.options.bodyMinRate.bytes == 1024)
    #expect(effective.options.idleTimeout.duration == .seconds(75))
    #expect(effective.options.shutdownGrace.duration == .seconds(20))
    #expect(effective.options.loops == 1)
    #expect(effective.options.logLevel == .info)
    #expect(effective.settings.allSatisfy { $0.source == .default })
  }

  @Test func flagsWinOverEnvironmentOverFile() throws {
    let files = ["c.json": #"{"port": 1, "max-workers": 2, "loops": 3, "head-timeout": 4.5}"#]
    let effective = try lay(
      ["--config", "c.json", "--port", "10"], over: ["SWA_PORT": "11", "SWA_MAX_WORKERS": "12"], over: files)
    #expect(effective.options.port == 10)
    #expect(source(of: "port", in: effective) == .flag)
    #expect(effective.options.maxWorkers == 12)
    #expect(source(of: "max-workers", in: effective) == .environment)
    #expect(effective.options.loops == 3)
    #expect(source(of: "loops", in: effective) == .file("c.json"))
    #expect(effective.options.headTimeout.duration == .seconds(4.5))
    #expect(source(of: "idle-timeout", in: effective) == .default)
  }

  @Test func everyOptionIsReadFromEachLayer() throws {
    let values = [
      "host": "::1", "port": "0", "port-file": "p", "allowed-host": "a.example", "weights": "w.safetensors",
      "optimizer": "o.json", "non-finite": "accept", "insecure": "true", "max-connections": "5", "max-workers": "6",
      "max-body-bytes": "7 KiB", "max-inflight-bytes": "8 MiB", "max-held-bytes": "9 GiB", "head-timeout": "10.5 s",
      "body-min-rate": "11", "idle-timeout": "12 s", "shutdown-grace": "13 s", "log-level": "debug",
      "log-format": "json", "threads": "3", "loops": "2", "staleness-policy": "reject", "max-staleness": "4",
      "tokens": "t", "tls-cert": "tc", "tls-key": "tk", "tls-client-ca": "ta",
      "aggregation": "sync", "replicas": "5", "min-replicas": "6", "sync-grace": "14 s", "sync-timeout": "15 s",
      "reduction": "mean",
      "data-dir": "d", "checkpoint": "c", "durability": "journal", "checkpoint-every": "7",
      "checkpoint-interval": "16 s", "keep-checkpoints": "8", "journal-max-bytes": "9 MiB",
    ]
    let given = values.mapValues { $0.hasSuffix(" s") ? String($0.dropLast(2)) : $0 }
    let names = try ServeOptions.parse([]).settings.map(\.name).filter { $0.description != "config" }
    #expect(Set(names.map(\.description)) == Set(values.keys))

    let flags = given.map { $0.key == "insecure" ? "--insecure" : "--\($0.key)=\($0.value)" }
    let environment = Dictionary(
      uniqueKeysWithValues: names.compactMap { name in
        given[name.description].map { (name.environmentVariable, $0) }
      })
    let members = given.map { key, value in
      let json = key == "insecure" ? value : key == "allowed-host" ? "[\"\(value)\"]" : "\"\(value)\""
      return "\"\(key)\": \(json)"
    }
    let file = ["c.json": "{\(members.joined(separator: ","))}"]
    for effective in [
      try lay(flags), try lay(over: environment), try lay(["--config=c.json"], over: [:], over: file),
    ] {
      for (name, text, source) in effective.settings where name.description != "config" {
        #expect(text == values[name.description])
        #expect(source != .default, "\(name)")
      }
    }
  }

  @Test func environmentNamesTheFile() throws {
    let effective = try lay(over: ["SWA_CONFIG": "e.json"], over: ["e.json": #"{"port": 5}"#])
    #expect(effective.options.port == 5)
    #expect(source(of: "config", in: effective) == .environment)
  }

  @Test func flagForTheFileWinsOverTheEnvironment() throws {
    let files = ["e.json": #"{"port": 5}"#, "f.json": #"{"loops": 6}"#]
    let effective = try lay(["--config", "f.json"], over: ["SWA_CONFIG": "e.json"], over: files)
    #expect(effective.options.port == 8080)
    #expect(effective.options.loops == 6)
  }

  @Test func listReplacesTheLowerLayersList() throws {
    let files = ["c.json": #"{"allowed-host": ["a", "b"]}"#]
    let config = ["--config", "c.json"]
    #expect(try lay(config, over: [:], over: files).options.allowedHost == ["a", "b"])
    #expect(try lay(config, over: ["SWA_ALLOWED_HOST": "c,d"], over: files).options.allowedHost == ["c", "d"])
    #expect(try lay(config, over: ["SWA_ALLOWED_HOST": ""], over: files).options.allowedHost == [])
    let flags = config + ["--allowed-host", "e", "--allowed-host=f"]
    #expect(try lay(flags, over: ["SWA_ALLOWED_HOST": "c,d"], over: files).options.allowedHost == ["e", "f"])
  }

  @Test func flagCanBeTakenBackByAHigherLayer() throws {
    let files = ["c.json": #"{"insecure": true}"#]
    #expect(try lay(["--config", "c.json"], over: [:], over: files).options.security.insecure)
    #expect(try !lay(["--config", "c.json"], over: ["SWA_INSECURE": "false"], over: files).options.security.insecure)
    let effective = try lay(["--config", "c.json", "--no-insecure"], over: ["SWA_INSECURE": "1"], over: files)
    #expect(!effective.options.security.insecure)
    #expect(source(of: "insecure", in: effective) == .flag)
  }

  @Test func lastOfRepeatedFlagsWins() throws {
    #expect(try lay(["--port", "1", "--port=2"]).options.port == 2)
  }

  @Test func unknownKeyIsRefusedByName() {
    #expect(throws: usageError(#"in c.json: key "max_workers": no such option; see swa-server serve --help"#)) {
      try lay(["--config", "c.json"], over: [:], over: ["c.json": #"{"max_workers": 2}"#])
    }
  }

  @Test func unknownVariableIsRefusedByName() {
    #expect(throws: usageError("environment SWA_MAX_WORKER: no such option; see swa-server serve --help")) {
      try lay(over: ["SWA_MAX_WORKER": "2"])
    }
  }

  @Test func otherCommandsVariablesAreLeftAlone() throws {
    let environment = ["SWA_URL": "http://localhost:1", "SWA_TOKEN": "t", "SWAMP": "x", "PATH": "/bin"]
    #expect(try lay(over: environment).settings.allSatisfy { $0.source == .default })
  }

  @Test func badValueNamesItsFileAndKey() {
    let message = """
      in c.json: key "port": The value '70000' is invalid for '--port <n>': \
      must be a whole number from 0 to 65535
      """
    // Although a flag would have won.
    #expect(throws: usageError(message)) {
      try lay(["--config", "c.json", "--port", "1"], over: [:], over: ["c.json": #"{"port": 70000}"#])
    }
  }

  @Test func badValueNamesItsVariable() {
    let message = """
      environment SWA_HEAD_TIMEOUT: The value 'soon' is invalid for '--head-timeout <seconds>': \
      must be seconds from 0.001 to 86400
      """
    #expect(throws: usageError(message)) { try lay(over: ["SWA_HEAD_TIMEOUT": "soon"]) }
  }

  @Test(arguments: [
    (#"{"port": true}"#, #"key "port": must be a string or a number"#),
    (#"{"port": [1]}"#, #"key "port": must be a string or a number"#),
    (#"{"port": null}"#, #"key "port": must be a string or a number"#),
    (#"{"port": {}}"#, #"key "port": must be a string or a number"#),
    (#"{"insecure": "yes"}"#, #"key "insecure": must be true or false"#),
    (#"{"insecure": 1}"#, #"key "insecure": must be true or false"#),
    (#"{"allowed-host": "a"}"#, #"key "allowed-host": must be a list of strings"#),
    (#"{"allowed-host": [["a"]]}"#, #"key "allowed-host": must be a list of strings"#),
    (#"{"config": "d.json"}"#, #"key "config": a configuration file cannot name another"#),
    (#"{"help": true}"#, #"key "help": no such option; see swa-server serve --help"#),
    (#"["port"]"#, "must be a JSON object"),
    ("", "not JSON: the text ends too early at byte 0"),
    (#"{"port": 1"#, "not JSON: the text ends too early at byte 10"),
    (#"{"port": 1, "port": 2}"#, "'port' is there twice"),
  ])
  func wrongShapeInTheFileIsRefused(json: String, message: String) {
    #expect(throws: usageError("in c.json: \(message)")) {
      try lay(["--config", "c.json"], over: [:], over: ["c.json": json])
    }
  }

  @Test func variableOfAFlagIsTrueOrFalse() {
    #expect(throws: usageError("environment SWA_INSECURE: must be true or false")) {
      try lay(over: ["SWA_INSECURE": "yes"])
    }
  }

  @Test func missingFileIsAnIOError() {
    #expect(throws: Failure(.io, "cannot read c.json")) { try lay(["--config", "c.json"]) }
  }

  @Test(arguments: [
    ["--port", "65536"], ["--port", "-1"], ["--port", ""], ["--max-workers", "0"], ["--max-body-bytes", "1.5GiB"],
    ["--max-body-bytes", "0"], ["--max-body-bytes", "9999999999GiB"], ["--max-body-bytes", "4GB"],
    ["--head-timeout", "0"], ["--head-timeout", "inf"], ["--head-timeout", "1e2"], ["--head-timeout", "0x10"],
    ["--idle-timeout", ""], ["--shutdown-grace", "-1"], ["--host", "localhost:80"], ["--host", "http://localhost"],
    ["--allowed-host", "example.com:80"], ["--non-finite", "maybe"], ["--log-level", "loud"], ["--weights", ""],
    ["--max-worker", "1"], ["--insecure=1"], ["left-over"],
  ])
  func badFlagIsRefused(flags: [String]) {
    #expect(throws: (any Error).self) { try lay(flags) }
  }

  @Test(arguments: ["127.0.0.1", "127.8.9.10", "localhost", "::1", "[::1]"])
  func loopbackNeedsNoConsent(host: String) throws {
    try lay(["--host", host]).options.checkTogether()
  }

  @Test(arguments: ["0.0.0.0", "::", "192.168.1.1", "128.0.0.1", "example.com", "127.0.0.1.example.com", "127.0.0"])
  func beyondLoopbackNeedsConsent(host: String) throws {
    let error = #expect(throws: Failure.self) { try lay(["--host", host]).options.checkTogether() }
    #expect(error?.kind == .usage)
    #expect(error?.message.contains("--insecure") == true)
    try lay(["--host", host], over: ["SWA_INSECURE": "true"]).options.checkTogether()
    try lay(["--host", host, "--tokens", "t"]).options.checkTogether()
  }

  @Test func tableAlignsNameValueAndSource() throws {
    let lines = try lay(["--port", "9"], over: ["SWA_LOOPS": "2"]).table.split(separator: "\n")
    let valueColumn = lines.map { $0.prefix { $0 != " " }.count }.max().map { $0 + 2 }
    #expect(try lines.count == ServeOptions.parse([]).settings.count)
    #expect(lines.first?.hasPrefix("host                 127.0.0.1") == true)
    #expect(valueColumn == 21)
    let words = lines.map { $0.split(separator: " ", omittingEmptySubsequences: true) }
    #expect(words.contains(["port", "9", "flag"]))
    #expect(words.contains(["loops", "2", "environment", "SWA_LOOPS"]))
    #expect(words.contains(["idle-timeout", "75", "s", "default"]))
  }
}
