private import Dispatch
private import Locks

/// What the lane answered, to be told when the changes that it shows are durable: at once without a journal.
public struct Pending<Value: Sendable>: Sendable {
  private let result: Value
  private let sequence: Int
  private let watermark: Watermark?

  init(_ result: Value, after sequence: Int, of watermark: Watermark?) {
    self.result = result
    self.sequence = sequence
    self.watermark = watermark
  }

  /// The result when it may be told by now; nil while it waits for the disk, or waits in vain.
  public var value: Value? {
    guard let watermark else { return result }
    return sequence <= watermark.durable ? result : nil
  }

  /// Calls `body` when the result may be told: at once, or from the thread that writes the journal, where it must not
  /// wait.
  public func then(_ body: @escaping @Sendable (Result<Value, ModelError>) -> Void) {
    guard let watermark else { return body(.success(result)) }
    watermark.whenDurable(sequence) { [result] failure in body(failure.map { .failure($0) } ?? .success(result)) }
  }

  /// The result, after waiting for the disk.
  func wait() throws(ModelError) -> Value {
    guard let watermark else { return result }
    let isKnown = DispatchSemaphore(value: 0)
    let failure = Lock<ModelError?>(nil)
    watermark.whenDurable(sequence) { found in
      failure.withLock { $0 = found }
      isKnown.signal()
    }
    isKnown.wait()
    if let failure = failure.withLock({ $0 }) { throw failure }
    return result
  }
}
