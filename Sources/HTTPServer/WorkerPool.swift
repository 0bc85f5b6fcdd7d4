internal import Dispatch
internal import Sockets
internal import Locks

/// Threads that are lent to connections: started when needed, at most so many, gone after some idle time.
final class WorkerPool: Sendable {
  /// One loan that waits for its thread.
  struct Job: Sendable {
    let connection: Connection
    let isPatient: Bool
    let submitted: MonotonicTime
  }

  private struct State {
    var waiting: [Job] = []
    var taken = 0
    var threads = 0
    var idle = 0
    var isStopped = false

    /// Whether more loans wait than threads.
    var lacksIdleThreads: Bool { waiting.count - taken > idle }

    mutating func next() -> Job? {
      guard taken < waiting.count else { return nil }
      defer {
        taken += 1
        if taken == waiting.count || taken >= 64 {
          waiting.removeFirst(taken)
          taken = 0
        }
      }
      return waiting[taken]
    }
  }

  private static let idleTime = DispatchTimeInterval.seconds(10)
  /// More threads than these do not wait for the next loan: a burst must not leave its threads behind.
  private static let maximumIdle = 16

  private let maximum: Int
  private let state = Lock(State())
  private let signal = DispatchSemaphore(value: 0)

  init(maximum: Int) {
    self.maximum = maximum
  }

  /// Lends a worker to `connection` as soon as one is free.
  func submit(_ connection: Connection, isPatient: Bool, now: MonotonicTime) {
    let (wakes, starts) = state.withLock { state in
      state.waiting.append(Job(connection: connection, isPatient: isPatient, submitted: now))
      guard state.lacksIdleThreads else { return (true, false) }
      guard state.threads < maximum else { return (false, false) }
      state.threads += 1
      return (false, true)
    }
    if wakes { signal.signal() }
    guard starts else { return }
    do {
      try SystemThread.start { self.run() }
    } catch {
      // The job waits for a thread that is there, or times out.
      state.withLock { $0.threads -= 1 }
    }
  }

  /// Whether a loan waits that no thread is free for or on its way to.
  var isWanted: Bool {
    state.withLock { $0.threads == maximum && $0.lacksIdleThreads }
  }

  /// Takes back the loans that have waited since before `time`.
  func withdraw(submittedBefore time: MonotonicTime) -> [Connection] {
    state.withLock { state in
      var connections: [Connection] = []
      while state.taken < state.waiting.count, state.waiting[state.taken].submitted <= time, let job = state.next() {
        connections.append(job.connection)
      }
      return connections
    }
  }

  /// Lets all threads end once no loan waits.
  func stop() {
    let count = state.withLock { state in
      state.isStopped = true
      return state.threads
    }
    for _ in 0..<count { signal.signal() }
  }

  private func run() {
    var place = Place(isLoop: false, bufferSize: 16 << 10)
    while let job = next() {
      job.connection.runOnWorker(&place, isPatient: job.isPatient, waitedSince: job.submitted)
    }
  }

  /// The next loan; nil when the thread is to end.
  private func next() -> Job? {
    while true {
      let (job, ends): (Job?, Bool) = state.withLock { state in
        if let job = state.next() { return (job, false) }
        if state.isStopped || state.idle >= Self.maximumIdle {
          state.threads -= 1
          return (nil, true)
        }
        state.idle += 1
        return (nil, false)
      }
      if job != nil || ends { return job }
      let result = signal.wait(timeout: .now() + Self.idleTime)
      let isOver = state.withLock { state in
        state.idle -= 1
        guard result == .timedOut, state.taken == state.waiting.count else { return false }
        state.threads -= 1
        return true
      }
      if isOver { return nil }
    }
  }
}
