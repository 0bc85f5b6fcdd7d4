import Tensors

/// Takes a body as it arrives, into the memory where it is used.
public protocol BodyReceiver: Sendable {
  /// What a whole body is.
  associatedtype Received: Sendable

  /// Takes the next bytes: `fill` writes to the front of the memory where they belong and returns how many.
  mutating func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(BodyError)

  /// What was received, once the last byte has come.
  mutating func finish() throws(BodyError) -> Received
}
