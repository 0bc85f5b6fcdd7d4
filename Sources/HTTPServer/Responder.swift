internal import Sockets

/// The one chance to answer a request: `respond` consumes it, so answering twice does not compile.
public struct Responder: ~Copyable, Sendable {
  private var ticket: Ticket?

  init(_ ticket: Ticket) {
    self.ticket = ticket
  }

  /// A responder without a connection, for tests of endpoints: `receiver` is called once with the answer.
  public init(receiver: @escaping @Sendable (Response) -> Void) {
    ticket = Ticket(receiver: receiver)
  }

  deinit {
    ticket?.answer(Problem.unanswered.response)
  }

  /// Whether this runs on the event loop, where nothing may wait.
  public var isOnLoop: Bool { ticket?.isOnLoop ?? false }

  /// Hands the answer over, from any thread.
  public consuming func respond(_ response: Response) {
    ticket?.answer(response)
    ticket = nil
  }

  /// Answers with a problem.
  public consuming func respond(_ problem: Problem) {
    respond(problem.response)
  }

  /// Runs `work` on a worker thread when this is the event loop, at once when it already is a worker. When no worker
  /// comes free within the head timeout the request is answered 503.
  public consuming func onWorker(_ work: @escaping @Sendable (consuming Responder) -> Void) {
    guard isOnLoop else { return work(self) }
    hand(over: work)
  }

  /// Keeps the request waiting without a thread until `Waiting.end` is called, `duration` has passed, the server stops or
  /// the client ends its direction; then `body` goes on with the responder on the event loop, or is told that nobody is
  /// left to answer to.
  ///
  /// To be called where `Exchange.respond` was, or from a worker, before either returns.
  public consuming func wait(
    for duration: Duration, then body: @escaping @Sendable (consuming Responder?, Waiting.End) -> Void
  ) -> Waiting {
    guard let ticket else { preconditionFailure("a responder that was used is gone") }
    ticket.wait(until: .now + duration, then: body)
    self.ticket = nil
    return Waiting(ticket)
  }

  /// Runs `work` on a worker thread, whatever thread this is.
  consuming func hand(over work: @escaping @Sendable (consuming Responder) -> Void) {
    guard let ticket, ticket.hasConnection else { return work(self) }
    ticket.hand(over: work)
    self.ticket = nil
  }
}
