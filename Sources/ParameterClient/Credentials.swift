/// Who a client says it is, in values that can stand in a header field.
public struct Credentials: Sendable, Equatable {
  /// Nobody in particular.
  public static let none = Credentials()

  let token: String?
  let trainerID: String?

  private init() {
    token = nil
    trainerID = nil
  }

  /// Credentials; throws `ClientError.configuration` when the token is not visible ASCII or the trainer's name is not 1 to
  /// 64 letters, digits and `._:-`.
  public init(token: String? = nil, trainerID: String? = nil) throws(ClientError) {
    if let token, token.isEmpty || !token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
      throw .configuration("the token is empty or holds other than visible ASCII characters")
    }
    if let trainerID, !Self.isTrainerID(trainerID) {
      throw .configuration("a trainer's name is 1 to 64 letters, digits and '._:-'")
    }
    self.token = token
    self.trainerID = trainerID
  }

  private static func isTrainerID(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "._:-".utf8.contains(byte)
        }
      }
  }
}
