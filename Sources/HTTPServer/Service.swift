/// What a server serves: it judges heads, and answers once the content is there.
public protocol Service: Sendable {
  /// Judges a request by its head, before 100 (Continue) is sent or a byte of content is read.
  ///
  /// Runs on the event loop and must not wait. What it throws is the final answer; the connection then closes unless
  /// the request has no content.
  func exchange(for request: Request) throws(Problem) -> any Exchange

  /// Sees each request when its answer is sent or its connection has ended, for logs and metrics.
  func served(_ served: Served)
}

/// One request that was accepted by its head: takes the content, then answers.
///
/// An exchange is used by one thread at a time. A connection that ends before the content is complete drops it without a call.
public protocol Exchange: AnyObject, Sendable {
  /// The most content in bytes that it takes: a declared length beyond it is a 413 before any is read, a chunked body
  /// is cut off with a 413 as soon as it grows beyond.
  var contentLimit: Int { get }

  /// What a 413 says behind `contentLimit`, such as what to send instead; by default nothing.
  var contentLimitReason: String? { get }

  /// Takes the next bytes of the content: calls `fill` once with the memory where they belong, not empty; `fill`
  /// writes bytes to its front and returns how many (0 when none are there now).
  ///
  /// What it throws is the final answer, and the connection closes.
  func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(Problem)

  /// Answers, now or later; the content was received in full.
  ///
  /// Called on the event loop for small complete requests, where it must not wait: what may wait or takes long goes
  /// through `Responder.onWorker`.
  func respond(_ responder: consuming Responder)
}

extension Exchange {
  /// Nothing.
  public var contentLimitReason: String? { nil }
}
