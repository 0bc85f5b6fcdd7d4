import HTTPServer
import HTTPTypes
import ModelStore

/// What becomes of contributions to rounds that come to nothing, in HTTP.
extension Problem {
  init(_ error: RoundError) {
    switch error {
    case .superseded:
      self = Problem(
        "superseded", title: "Superseded", status: .conflict,
        detail: "another push with this Trainer-Id came to the same round and took the place of this one",
        members: [("field", .string("Trainer-Id"))])
    case .timedOut(let came, let replicas):
      self = Problem(
        "barrier-timeout", title: "Too few trainers came", status: .serviceUnavailable,
        detail: "\(came) of \(replicas) trainers came within --sync-timeout; push again", fields: [.retryAfter: "1"])
    case .aborted(let current):
      self = Problem(
        "round-aborted", title: "Round aborted", status: .conflict,
        detail: "something else changed the weights before the round was complete; GET them anew",
        members: current.map { [("iterations", .integer($0.iterations))] } ?? [])
    case .stopping: self = .busy("the server is stopping")
    case .refused(let error): self.init(error)
    }
  }
}
