public import Tensors

/// Opens one slot of the rows that have no gradient.
@inlinable
@inline(__always)
public func blocks<T: Trainable, Name: SlotName>(
  withoutGradientOf run: Run<T>, _ slots: inout Slots<Name>, _ first: Name,
  _ body: @Sendable (inout MutableSpan<T>) -> Void
) {
  let rest = run.rowsWithoutGradient
  let a = BlockTarget<T>(&slots.regions[slots.index(of: first)], rest.extent, isVariable: false)
  eachBlock(rest.extent) { block in
    a.open(block) { a in body(&a) }
  }
  a.finish(&slots.regions[slots.index(of: first)])
}

/// Opens the rows that have no gradient, with two slots.
@inlinable
@inline(__always)
public func blocks<T: Trainable, Name: SlotName>(
  withoutGradientOf run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Name>, _ first: Name, _ second: Name,
  _ body: @Sendable (inout MutableSpan<T>, inout MutableSpan<T>, inout MutableSpan<T>) -> Void
) {
  let rest = run.rowsWithoutGradient
  let w = BlockTarget<T>(&variable, rest.extent, isVariable: true)
  let a = BlockTarget<T>(&slots.regions[slots.index(of: first)], rest.extent, isVariable: false)
  let b = BlockTarget<T>(&slots.regions[slots.index(of: second)], rest.extent, isVariable: false)
  eachBlock(rest.extent) { block in
    w.open(block) { w in a.open(block) { a in b.open(block) { b in body(&w, &a, &b) } } }
  }
  w.finish(&variable)
  a.finish(&slots.regions[slots.index(of: first)])
  b.finish(&slots.regions[slots.index(of: second)])
}

/// Opens the rows that have no gradient, with three slots.
@inlinable
@inline(__always)
public func blocks<T: Trainable, Name: SlotName>(
  withoutGradientOf run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Name>, _ first: Name, _ second: Name,
  _ third: Name,
  _ body: @Sendable (inout MutableSpan<T>, inout MutableSpan<T>, inout MutableSpan<T>, inout MutableSpan<T>) -> Void
) {
  let rest = run.rowsWithoutGradient
  let w = BlockTarget<T>(&variable, rest.extent, isVariable: true)
  let a = BlockTarget<T>(&slots.regions[slots.index(of: first)], rest.extent, isVariable: false)
  let b = BlockTarget<T>(&slots.regions[slots.index(of: second)], rest.extent, isVariable: false)
  let c = BlockTarget<T>(&slots.regions[slots.index(of: third)], rest.extent, isVariable: false)
  eachBlock(rest.extent) { block in
    w.open(block) { w in
      a.open(block) { a in b.open(block) { b in c.open(block) { c in body(&w, &a, &b, &c) } } }
    }
  }
  w.finish(&variable)
  a.finish(&slots.regions[slots.index(of: first)])
  b.finish(&slots.regions[slots.index(of: second)])
  c.finish(&slots.regions[slots.index(of: third)])
}
