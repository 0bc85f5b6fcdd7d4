import FoundationEssentials
import ParameterClient
import Testing

@testable import swa_trainer

/// Files that appear once they are whole.
struct OutputFileTests {
  @Test func nothingIsLeftOfAFileThatIsNotCommitted() throws {
    try inNewDirectory { directory in
      do {
        let output = try OutputFile(directory + "/weights")
        try output.file.write("half")
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count == 1)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
    }
  }

  @Test func aCommittedFileReplacesTheOneBefore() throws {
    try inNewDirectory { directory in
      let path = directory + "/weights"
      for text in ["old and long", "new"] {
        let output = try OutputFile(path)
        try output.file.write(text)
        try output.commit()
      }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["weights"])
    }
  }

  private func inNewDirectory(_ body: (String) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())").path()
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try body(directory)
  }
}
