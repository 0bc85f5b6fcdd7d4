/// The one chance to answer a request: `respond` consumes it, so answering twice does not compile.
public struct Responder: ~Copyable, Sendable {
  /// Whether this runs on the event loop, where nothing may wait.
  public var isOnLoop: Bool { true }

  /// Hands the answer over, from any thread.
  public consuming func respond(_ response: Response) {
  }

  /// Answers with a problem.
  public consuming func respond(_ problem: Problem) {
  }

  /// Runs `work` on a worker thread when this is the event loop, at once when it already is a worker. When no worker
  /// comes free within the head timeout the request is answered 503.
  public consuming func onWorker(_ work: @escaping @Sendable (consuming Responder) -> Void) {
    work(self)
  }
}
