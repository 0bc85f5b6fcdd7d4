internal import Locks

/// A responder that is kept while its answer waits for something; from any thread, once. One that is dropped without an
/// answer answers 500.
public final class ParkedResponder: Sendable {
  private let responder: Lock<Responder?>

  /// Keeps a responder.
  public init(_ responder: consuming Responder) {
    self.responder = Lock(responder)
  }

  /// Hands the answer over; a second one has no effect.
  public func respond(_ response: Response) {
    switch take() {
    case .some(let responder): responder.respond(response)
    case .none: break
    }
  }

  /// Lets a worker thread answer, where that takes long.
  public func respond(onWorker work: @escaping @Sendable (consuming Responder) -> Void) {
    switch take() {
    case .some(let responder): responder.hand(over: work)
    case .none: break
    }
  }

  private func take() -> Responder? {
    responder.withLock { $0.take() }
  }
}
