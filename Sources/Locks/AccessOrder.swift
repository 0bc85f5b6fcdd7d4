#if TSAN
  private import CLinux
#endif

/// Tells ThreadSanitizer, in builds that define `TSAN`, that what threads did with an object before `end` comes before
/// what others do after `begin`. It sees locks and atomics by itself, but not reference counts.
public enum AccessOrder {
  /// What others did before their `end` is over.
  @inlinable
  @inline(__always)
  public static func begin(_ object: AnyObject) {
    #if TSAN
      begin(ObjectIdentifier(object))
    #endif
  }

  /// What this thread did with the object so far comes before what others do after their `begin`.
  @inlinable
  @inline(__always)
  public static func end(_ object: AnyObject) {
    #if TSAN
      end(ObjectIdentifier(object))
    #endif
  }

  #if TSAN
    @usableFromInline
    static func begin(_ object: ObjectIdentifier) {
      swa_tsan_acquire(UInt(bitPattern: object))
    }

    @usableFromInline
    static func end(_ object: ObjectIdentifier) {
      swa_tsan_release(UInt(bitPattern: object))
    }
  #endif
}
