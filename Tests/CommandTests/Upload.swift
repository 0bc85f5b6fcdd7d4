import Foundation
import Testing

/// A PUT whose head the server has accepted and whose body never comes.
final class Upload {
  private let curl = Process()
  private let body = Pipe()
  private let log = Pipe()

  init(to port: String) throws {
    curl.executableURL = URL(filePath: "/usr/bin/curl")
    curl.arguments = [
      "--silent", "--verbose", "--header", "Expect: 100-continue", "--expect100-timeout", "60", "--upload-file", "-",
      "http://127.0.0.1:\(port)/v1/weights",
    ]
    curl.standardInput = body
    curl.standardOutput = FileHandle.nullDevice
    curl.standardError = log
    try curl.run()
    var text = ""
    while !text.contains("HTTP/1.1 100 ") {
      let piece = log.fileHandleForReading.availableData
      try #require(!piece.isEmpty, "curl ended: \(text)")
      text += String(decoding: piece, as: UTF8.self)
    }
  }

  /// Breaks the request off.
  func end() {
    // It may have been born with the mask of a thread that blocks all other signals.
    kill(curl.processIdentifier, SIGKILL)
    curl.waitUntilExit()
  }
}
