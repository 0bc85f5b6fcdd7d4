public import Tensors

/// Opens the run block by block: the variable as mutable elements (halves widened, and rounded once at the end), the
/// gradient as elements. Blocks go over several threads when the run is large; which thread does what changes no bit.
@inlinable
@inline(__always)
public func blocks<T: Trainable>(
  _ run: Run<T>, _ variable: inout Region, _ gradient: Region, _ body: @Sendable (inout MutableSpan<T>, Span<T>) -> Void
) {
  let w = BlockTarget<T>(&variable, run.extent, isVariable: true)
  let g = BlockTarget<T>(reading: gradient, run.extent)
  eachBlock(run.extent) { block in
    w.open(block) { w in g.read(block.source) { g in body(&w, g) } }
  }
  w.finish(&variable)
}

/// As above with one slot.
@inlinable
@inline(__always)
public func blocks<T: Trainable, Name: SlotName>(
  _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Name>, _ first: Name, _ gradient: Region,
  _ body: @Sendable (inout MutableSpan<T>, inout MutableSpan<T>, Span<T>) -> Void
) {
  let w = BlockTarget<T>(&variable, run.extent, isVariable: true)
  let a = BlockTarget<T>(&slots.regions[slots.index(of: first)], run.extent, isVariable: false)
  let g = BlockTarget<T>(reading: gradient, run.extent)
  eachBlock(run.extent) { block in
    w.open(block) { w in a.open(block) { a in g.read(block.source) { g in body(&w, &a, g) } } }
  }
  w.finish(&variable)
  a.finish(&slots.regions[slots.index(of: first)])
}

/// As above with two slots.
@inlinable
@inline(__always)
public func blocks<T: Trainable, Name: SlotName>(
  _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Name>, _ first: Name, _ second: Name,
  _ gradient: Region,
  _ body: @Sendable (inout MutableSpan<T>, inout MutableSpan<T>, inout MutableSpan<T>, Span<T>) -> Void
) {
  let w = BlockTarget<T>(&variable, run.extent, isVariable: true)
  let a = BlockTarget<T>(&slots.regions[slots.index(of: first)], run.extent, isVariable: false)
  let b = BlockTarget<T>(&slots.regions[slots.index(of: second)], run.extent, isVariable: false)
  let g = BlockTarget<T>(reading: gradient, run.extent)
  eachBlock(run.extent) { block in
    w.open(block) { w in
      a.open(block) { a in b.open(block) { b in g.read(block.source) { g in body(&w, &a, &b, g) } } }
    }
  }
  w.finish(&variable)
  a.finish(&slots.regions[slots.index(of: first)])
  b.finish(&slots.regions[slots.index(of: second)])
}

/// As above with three slots.
@inlinable
@inline(__always)
public func blocks<T: Trainable, Name: SlotName>(
  _ run: Run<T>, _ variable: inout Region, _ slots: inout Slots<Name>, _ first: Name, _ second: Name, _ third: Name,
  _ gradient: Region,
  _ body:
    @Sendable (inout MutableSpan<T>, inout MutableSpan<T>, inout MutableSpan<T>, inout MutableSpan<T>, Span<T>) -> Void
) {
  let w = BlockTarget<T>(&variable, run.extent, isVariable: true)
  let a = BlockTarget<T>(&slots.regions[slots.index(of: first)], run.extent, isVariable: false)
  let b = BlockTarget<T>(&slots.regions[slots.index(of: second)], run.extent, isVariable: false)
  let c = BlockTarget<T>(&slots.regions[slots.index(of: third)], run.extent, isVariable: false)
  let g = BlockTarget<T>(reading: gradient, run.extent)
  eachBlock(run.extent) { block in
    w.open(block) { w in
      a.open(block) { a in
        b.open(block) { b in c.open(block) { c in g.read(block.source) { g in body(&w, &a, &b, &c, g) } }
        }
      }
    }
  }
  w.finish(&variable)
  a.finish(&slots.regions[slots.index(of: first)])
  b.finish(&slots.regions[slots.index(of: second)])
  c.finish(&slots.regions[slots.index(of: third)])
}

/// Opens a run of averages beside the variables that they average, halves widened.
@inlinable
@inline(__always)
public func blocks<T: Trainable>(
  averaging run: Run<T>, _ average: inout Region, of variable: Region,
  _ body: @Sendable (inout MutableSpan<T>, Span<T>) -> Void
) {
  let a = BlockTarget<T>(&average, run.extent, isVariable: false)
  let w = BlockTarget<T>(readingVariable: variable, run.extent)
  eachBlock(run.extent) { block in
    a.open(block) { a in w.read(block.target) { w in body(&a, w) } }
  }
  a.finish(&average)
}
