import HTTPServer
import Locks
import ModelStore

/// A request whose body is received straight into the memory where it is used, and then applied on a worker.
final class ReceivingExchange<Receiver: BodyReceiver>: Exchange {
  private let receiver: Lock<Receiver>
  private let answer: @Sendable (Receiver.Received, consuming Responder) -> Void
  let contentLimit = Int.max

  init(_ receiver: Receiver, _ answer: @escaping @Sendable (Receiver.Received, consuming Responder) -> Void) {
    self.receiver = Lock(receiver)
    self.answer = answer
  }

  func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(Problem) {
    do throws(BodyError) {
      try receiver.withLock { (receiver) throws(BodyError) in try receiver.receive(fill) }
    } catch {
      throw Problem(error)
    }
  }

  func respond(_ responder: consuming Responder) {
    let received: Receiver.Received
    do throws(BodyError) {
      received = try receiver.withLock { (receiver) throws(BodyError) in try receiver.finish() }
    } catch {
      return responder.respond(Problem(error))
    }
    responder.onWorker { [answer] responder in answer(received, responder) }
  }
}

extension Request {
  /// The declared length of the content; nil when it is chunked.
  var contentLength: Int? {
    switch framing {
    case .none: 0
    case .length(let count): count
    case .chunked: nil
    }
  }
}
