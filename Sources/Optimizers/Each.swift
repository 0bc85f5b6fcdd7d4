/// Calls `body` for each element of spans of the same length: the loop that the compiler vectorizes.
@inlinable
@inline(__always)
public func each<T: Trainable>(_ w: inout MutableSpan<T>, _ g: Span<T>, _ body: (inout T, T) -> Void) {
  let count = w.count
  precondition(g.count == count)
  for i in 0..<count { body(&w[i], g[i]) }
}

/// As above with one slot.
@inlinable
@inline(__always)
public func each<T: Trainable>(
  _ w: inout MutableSpan<T>, _ a: inout MutableSpan<T>, _ g: Span<T>, _ body: (inout T, inout T, T) -> Void
) {
  let count = w.count
  precondition(a.count == count && g.count == count)
  for i in 0..<count { body(&w[i], &a[i], g[i]) }
}

/// As above with two slots.
@inlinable
@inline(__always)
public func each<T: Trainable>(
  _ w: inout MutableSpan<T>, _ a: inout MutableSpan<T>, _ b: inout MutableSpan<T>, _ g: Span<T>,
  _ body: (inout T, inout T, inout T, T) -> Void
) {
  let count = w.count
  precondition(a.count == count && b.count == count && g.count == count)
  for i in 0..<count { body(&w[i], &a[i], &b[i], g[i]) }
}

/// As above with three slots.
@inlinable
@inline(__always)
public func each<T: Trainable>(
  _ w: inout MutableSpan<T>, _ a: inout MutableSpan<T>, _ b: inout MutableSpan<T>, _ c: inout MutableSpan<T>,
  _ g: Span<T>, _ body: (inout T, inout T, inout T, inout T, T) -> Void
) {
  let count = w.count
  precondition(a.count == count && b.count == count && c.count == count && g.count == count)
  for i in 0..<count { body(&w[i], &a[i], &b[i], &c[i], g[i]) }
}

/// Calls `body` for each element of one slot.
@inlinable
@inline(__always)
public func each<T: Trainable>(_ a: inout MutableSpan<T>, _ body: (inout T) -> Void) {
  let count = a.count
  for i in 0..<count { body(&a[i]) }
}

/// Calls `body` for each element of a variable and two slots.
@inlinable
@inline(__always)
public func each<T: Trainable>(
  _ w: inout MutableSpan<T>, _ a: inout MutableSpan<T>, _ b: inout MutableSpan<T>,
  _ body: (inout T, inout T, inout T) -> Void
) {
  let count = w.count
  precondition(a.count == count && b.count == count)
  for i in 0..<count { body(&w[i], &a[i], &b[i]) }
}

/// Calls `body` for each element of a variable and three slots.
@inlinable
@inline(__always)
public func each<T: Trainable>(
  _ w: inout MutableSpan<T>, _ a: inout MutableSpan<T>, _ b: inout MutableSpan<T>, _ c: inout MutableSpan<T>,
  _ body: (inout T, inout T, inout T, inout T) -> Void
) {
  let count = w.count
  precondition(a.count == count && b.count == count && c.count == count)
  for i in 0..<count { body(&w[i], &a[i], &b[i], &c[i]) }
}
