import Dispatch

/// A thread beside the test's own.
enum Thread {
  static func run(_ body: @escaping @Sendable () -> Void) {
    DispatchQueue.global().async(execute: body)
  }
}
