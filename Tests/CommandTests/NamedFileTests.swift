import Foundation
import Testing

@testable import swa_server

@Suite struct NamedFileTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  @Test func replacingLeavesOneFileWithTheNewContent() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = NamedFile(path: folder.appending(path: "port").path)
    try file.replace(with: "8080\n")
    // A reader that had opened the old file still holds the old content.
    let reader = try FileHandle(forReadingFrom: folder.appending(path: "port"))
    try file.replace(with: "9\n")
    #expect(try file.read() == Data("9\n".utf8))
    #expect(try reader.readToEnd() == Data("8080\n".utf8))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["port"])
  }

  @Test func missingFolderIsAnIOError() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "none/port").path
    #expect(throws: Failure(.io, "cannot write \(path): no such file or directory")) {
      try NamedFile(path: path).replace(with: "1")
    }
  }

  @Test func folderIsNoFileToRead() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(throws: Failure(.io, "cannot read \(folder.path): it is a directory")) {
      try NamedFile(path: folder.path).read()
    }
  }
}
