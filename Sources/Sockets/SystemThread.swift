internal import Glibc

/// Threads of the system.
public enum SystemThread {
  private final class Start: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// A number that no other running thread has.
  public static var current: UInt { UInt(pthread_self()) }

  /// Starts a detached thread that runs `body`.
  public static func start(_ body: @escaping @Sendable () -> Void) throws(SocketError) {
    var thread = pthread_t()
    let argument = unsafe Unmanaged.passRetained(Start(body))
    let code = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, argument.toOpaque())
    guard code == 0 else {
      unsafe argument.release()
      throw .call("pthread_create", errno: code)
    }
    pthread_detach(thread)
  }
}
