internal import Sockets

/// What a connection does next, as a pure value: it is told what happened and when, and does nothing itself.
struct ConnectionMachine: Sendable {
  enum Phase: Sendable, Equatable {
    /// The stream is not open yet.
    case opening
    /// No byte of the next head is there.
    case idle
    /// Part of a head is there.
    case head
    /// A head was accepted, its content is being read.
    case content
    /// Whoever serves has the word.
    case responding
    /// An answer is being written.
    case sending
    /// All is said; what still comes is read and dropped, so that no reset overtakes the answer.
    case draining
    case closed
  }

  /// What a passed deadline asks for.
  enum Expiry: Sendable, Equatable {
    case nothing
    case close
    case refuse
    case endWait
  }

  struct Limits: Sendable {
    var headTimeout: Duration
    var idleTimeout: Duration
    var minimumRate: Int
  }

  /// How long a stop waits for a request that may be on its way.
  private static let lastCall = Duration.milliseconds(250)
  private static let drainTime = Duration.seconds(1)
  private static let drainBytes = 1 << 20

  private let limits: Limits
  private(set) var phase = Phase.idle
  /// When to ask `expire`; nil while the connection waits for its own side.
  private(set) var deadline: MonotonicTime?
  private(set) var closes = false
  private var isWaiting = false
  private var hasUnreadContent = false
  private var rate: RateGuard
  private var drainLeft = Self.drainBytes

  init(limits: Limits, opens: Bool = false, now: MonotonicTime) {
    self.limits = limits
    rate = RateGuard(bytesPerSecond: limits.minimumRate, now: now)
    phase = opens ? .opening : .idle
    deadline = now + (opens ? limits.headTimeout : limits.idleTimeout)
  }

  /// Whether no request is under way, so that the connection may be closed to make room.
  var isIdle: Bool { phase == .idle || phase == .opening }

  /// The stream is open: the first head may come.
  mutating func opened(_ now: MonotonicTime) {
    guard phase == .opening else { return }
    phase = .idle
    deadline = now + limits.idleTimeout
  }

  /// The stream can't be opened: what still comes is dropped, so that the peer learns why.
  mutating func failedToOpen(_ now: MonotonicTime) {
    phase = .draining
    deadline = now + Self.drainTime
  }

  /// Bytes came that are not yet a whole head.
  mutating func receivedPartOfHead(_ now: MonotonicTime) {
    guard phase == .idle else { return }
    phase = .head
    deadline = now + limits.headTimeout
  }

  /// A head is complete; until `accept` it may be refused.
  mutating func receivedHead(hasContent: Bool, closes: Bool) {
    hasUnreadContent = hasContent
    if closes { self.closes = true }
    phase = .responding
    deadline = nil
  }

  /// The head was accepted.
  mutating func accept(_ now: MonotonicTime) {
    guard hasUnreadContent else { return }
    phase = .content
    rate = RateGuard(bytesPerSecond: limits.minimumRate, now: now)
    deadline = rate.deadline
  }

  mutating func receivedContent(_ count: Int) {
    rate.move(count)
  }

  mutating func receivedAllContent() {
    hasUnreadContent = false
    phase = .responding
    deadline = nil
  }

  /// Whoever serves waits for news, at most until `time`.
  mutating func wait(until time: MonotonicTime) {
    guard phase == .responding else { return }
    isWaiting = true
    deadline = time
  }

  /// Whoever serves waits no more.
  mutating func endWait() {
    isWaiting = false
    deadline = nil
  }

  /// The peer has ended its direction while its request is served: it may still read the answer, or be gone.
  mutating func peerEnded(_ now: MonotonicTime) {
    guard phase == .responding, deadline == nil else { return }
    deadline = now + limits.headTimeout
  }

  /// An answer comes before the request was read in full; `losesFraming` when nobody knows where the next one begins.
  mutating func refuse(losesFraming: Bool = false) {
    if losesFraming || hasUnreadContent { closes = true }
    phase = .responding
    deadline = nil
  }

  /// The answer is there and its writing begins.
  mutating func answer(_ now: MonotonicTime) {
    phase = .sending
    rate = RateGuard(bytesPerSecond: limits.minimumRate, now: now)
    deadline = rate.deadline
  }

  mutating func sent(_ count: Int) {
    rate.move(count)
  }

  /// The answer is out: the next head, or the end.
  mutating func sentAll(_ now: MonotonicTime) {
    if closes {
      phase = .draining
      deadline = now + Self.drainTime
    } else {
      phase = .idle
      deadline = now + limits.idleTimeout
    }
  }

  /// Bytes came after the last answer.
  mutating func drained(_ count: Int) {
    drainLeft -= count
    if drainLeft <= 0 { close() }
  }

  /// The connection has waited for a worker.
  mutating func excuse(_ duration: Duration) {
    guard phase == .content || phase == .sending else { return }
    rate.excuse(duration)
    deadline = rate.deadline
  }

  /// Judges the deadline.
  mutating func expire(_ now: MonotonicTime) -> Expiry {
    guard let deadline, now >= deadline else { return .nothing }
    switch phase {
    case .opening, .idle, .draining: return .close
    case .responding: return isWaiting ? .endWait : .close
    case .head: return .refuse
    case .content, .sending:
      let passes = rate.passes(now)
      self.deadline = rate.deadline
      return passes ? .nothing : phase == .content ? .refuse : .close
    case .closed: return .nothing
    }
  }

  /// The server stops: the present request is the last one, or one that is on its way.
  mutating func stop(_ now: MonotonicTime) {
    closes = true
    guard isIdle, let deadline else { return }
    self.deadline = min(deadline, now + Self.lastCall)
  }

  /// Nothing more is possible or wanted.
  mutating func close() {
    phase = .closed
    deadline = nil
  }
}
