import Testing

@testable import swa_server

@Suite struct ByteCountTests {
  @Test(arguments: [
    ("0", 0), ("1", 1), ("1023", 1023), ("1KiB", 1024), ("1 KiB", 1024), ("64MiB", 67_108_864),
    ("4 GiB", 4_294_967_296), ("8589934591GiB", 9_223_372_035_781_033_984),
  ])
  func reads(text: String, bytes: Int) throws {
    #expect(try ByteCount(text).bytes == bytes)
  }

  @Test(arguments: [
    "", "KiB", " 1", "1  KiB", "-1", "+1", "1.5KiB", "1kib", "1K", "1KiBKiB", "8589934592GiB", "9223372036854775808",
    "١",
  ])
  func refuses(text: String) {
    #expect(throws: InvalidValue.self) { try ByteCount(text) }
  }

  @Test(arguments: [0, 1, 1023, 1024, 1025, 1 << 20, (1 << 20) + 1024, 1 << 30, 3 << 30, Int.max])
  func descriptionReadsBack(bytes: Int) throws {
    #expect(try ByteCount(ByteCount(bytes: bytes).description).bytes == bytes)
  }
}
