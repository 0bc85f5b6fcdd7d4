import Testing

@testable import Optimizers

/// JSON merge patches, by the examples of RFC 7396, appendix A.
struct MergePatchTests {
  @Test
  func membersAreReplacedAddedAndRemoved() {
    let target = ConfigValue.object([.init("a", .string("b")), .init("c", .object([.init("d", .string("e"))]))])
    let patch = ConfigValue.object([.init("a", .string("z")), .init("c", .object([.init("f", .null)]))])
    #expect(
      target.merging(patch) == .object([.init("a", .string("z")), .init("c", .object([.init("d", .string("e"))]))]))
    #expect(target.merging(.object([.init("a", .null)])) == .object([.init("c", .object([.init("d", .string("e"))]))]))
    #expect(target.merging(.list([.integer(1)])) == .list([.integer(1)]))
  }

  @Test
  func objectsInsideNewMembersLoseTheirNulls() {
    let patch = ConfigValue.object([.init("a", .object([.init("bb", .object([.init("ccc", .null)]))]))])
    #expect(ConfigValue.object([]).merging(patch) == .object([.init("a", .object([.init("bb", .object([]))]))]))
  }
}
