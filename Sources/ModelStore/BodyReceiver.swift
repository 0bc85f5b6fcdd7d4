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

extension SafetensorsReceiver {
  /// Takes the next bytes; answers the header when they are its last ones.
  mutating func take(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(BodyError) -> SafetensorsHeader? {
    do throws(SafetensorsReceiverError) {
      try receive(fill)
      return try header()
    } catch {
      throw .file(error)
    }
  }

  /// Gives away the regions that the data lies in, once the last byte has come.
  mutating func takeRegions() throws(BodyError) -> [Region] {
    do throws(SafetensorsReceiverError) {
      try finish()
    } catch {
      throw .file(error)
    }
    guard let regions = intake?.regions else { throw .file(.truncatedData) }
    intake = nil
    return regions
  }
}
