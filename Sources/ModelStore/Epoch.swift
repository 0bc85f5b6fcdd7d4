/// Names one history of a model: a trainer that sees another epoch knows that the server did not merely go on.
public struct Epoch: Sendable, Hashable, CustomStringConvertible {
  /// 16 hexadecimal digits.
  public let description: String

  /// A name that was not used before, with overwhelming probability.
  public static func random() -> Epoch {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    return Epoch(String(repeating: "0", count: 16 - digits.count) + digits)
  }

  /// An epoch that was saved or came from a client.
  public init(_ description: String) {
    self.description = description
  }
}
