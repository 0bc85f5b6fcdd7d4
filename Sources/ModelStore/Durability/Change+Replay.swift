import Optimizers
import Tensors

/// Making a change again from its record.
extension Change {
  /// The change of a record, for the state that it is to be applied to; `data` is read to its end. Cost: memory for the
  /// data.
  init(
    _ kind: ChangeRecord.Kind, fields bytes: [UInt8], _ data: inout RecordData, for state: ModelState,
    registry: Registry, pool: RegionPool
  ) throws(RecordError) {
    var fields = FieldReader(bytes)
    switch kind {
    case .create:
      let epoch = Epoch(try fields.text())
      let layout = try Layout(from: &fields)
      self = .create(layout: layout, values: try data.region(byteCount: layout.byteCount, pool: pool), epoch: epoch)
    case .replace:
      let layout = try state.layout()
      self = .replace(layout: layout, values: try data.region(byteCount: layout.byteCount, pool: pool))
    case .drop: self = .drop
    case .push: self = .push(try Push(&fields, &data, for: state.layout(), pool: pool))
    case .assignAverage:
      self = .assignAverage(
        variables: try fields.optional { (fields) throws(RecordError) in
          try fields.list { (fields) throws(RecordError) in try fields.text() }
        })
    case .dropAverage: self = .dropAverage
    case .setAveragedBuffers:
      let layout = try state.layout()
      let assigned = try fields.ascending(below: layout.entries.count)
      let values = try data.region(byteCount: layout.computeByteCount, of: assigned, in: layout, pool: pool)
      self = .setAveragedBuffers(BufferValues(layout: layout, values: values, assigned: assigned, average: nil))
    case .setOptimizer:
      let optimizer = try fields.optimizer(registry)
      self = .setOptimizer(optimizer, epoch: Epoch(try fields.text()))
    case .setOptimizerState:
      let epoch = Epoch(try fields.text())
      let saved = try SavedOptimizerState(&fields, &data, for: state.layout(), pool: pool)
      self = .setOptimizerState(saved, epoch: epoch)
    case .patchOptimizer: self = .patchOptimizer(try fields.configuration())
    case .restore:
      let epoch = Epoch(try fields.text())
      let saved = try ModelState(&fields, &data, registry: registry, pool: pool)
      self = .restore(SavedState(saved, sequence: 0), epoch: epoch)
    }
    try fields.end()
    try data.end()
  }
}

extension ModelState {
  fileprivate func layout() throws(RecordError) -> Layout {
    guard let trained else { throw .malformed("it changes a model, and there is none") }
    return trained.layout
  }

  /// The state that a record or a checkpoint holds whole.
  fileprivate init(
    _ fields: inout FieldReader, _ data: inout RecordData, registry: Registry, pool: RegionPool
  ) throws(RecordError) {
    let optimizer = try fields.optimizer(registry)
    let trained = try fields.optional { (fields) throws(RecordError) in
      let layout = try Layout(from: &fields)
      let counters = try TrainedModel.Counters(from: &fields)
      let variables = try data.region(byteCount: layout.byteCount, pool: pool)
      var slots: [Region] = []
      for _ in optimizer.inner.slotNames {
        slots.append(try data.region(byteCount: layout.slotByteCount, pool: pool))
      }
      let average =
        counters.average == nil ? nil : try data.region(byteCount: layout.computeByteCount, pool: pool)
      return TrainedModel(layout: layout, counters, variables: variables, slots: slots, average: average)
    }
    self.init(optimizer: optimizer, trained: trained)
  }
}

extension Push {
  fileprivate convenience init(
    _ fields: inout FieldReader, _ data: inout RecordData, for layout: Layout, pool: RegionPool
  ) throws(RecordError) {
    // Which weights it was bound to is not kept: it was found to fit them.
    let base = GradientBase(
      iteration: try fields.optional { (fields) throws(RecordError) in try fields.integer(Int.self) },
      epoch: try fields.optional { (fields) throws(RecordError) in Epoch(try fields.text()) },
      stalenessPolicy: try fields.stalenessPolicy())
    let identities = try fields.list { (fields) throws(RecordError) in
      PushIdentity(
        key: PushKey(text: try fields.text()),
        body: BodyDigest(
          byteCount: try fields.integer(Int.self), checksum: CRC32C(value: try fields.integer(UInt32.self))),
        seconds: try fields.integer(Int.self))
    }
    let norm = try fields.double()
    let dense = try fields.ascending(below: layout.trainableCount)
    let assigned = try fields.ascending(below: layout.entries.count)
    let rows = try fields.list { (fields) throws(RecordError) in
      let entry = try fields.integer(Int.self)
      guard entry >= 0, entry < layout.trainableCount else { throw .malformed("a sparse gradient is of no variable") }
      let count = layout.entries[entry].variable.shape.first ?? 0
      let rows = try fields.list { (fields) throws(RecordError) in try fields.integer(Int.self) }
      guard rows.allSatisfy({ $0 >= 0 && $0 < count }) else { throw .malformed("a row is out of range") }
      return (entry: entry, rows: rows)
    }
    let isEmpty = dense.isEmpty && assigned.isEmpty
    let values = try data.region(
      byteCount: isEmpty ? 0 : layout.computeByteCount, of: dense + assigned, in: layout, pool: pool)
    var sparse: [SparseGradient] = []
    for (index, rows) in rows {
      let entry = layout.entries[index]
      let byteCount = rows.count * entry.rowElementCount * entry.computeType.byteCount
      let received = SparseGradient.RowValues(
        rows: rows, values: try data.region(byteCount: byteCount, pool: pool))
      do throws(ModelError) {
        sparse.append(try SparseGradient(of: entry, at: index, received))
      } catch {
        throw .outOfMemory(byteCount: byteCount)
      }
    }
    let gradient = Gradient(
      layout: layout, values: values, dense: dense, assigned: assigned, sparse: sparse, norm: norm)
    self.init(gradient: gradient, base: base, identities: identities)
  }
}

extension SavedOptimizerState {
  fileprivate init(
    _ fields: inout FieldReader, _ data: inout RecordData, for layout: Layout, pool: RegionPool
  ) throws(RecordError) {
    let iterations = try fields.integer(Int.self)
    let scalars = try fields.list { (fields) throws(RecordError) in try fields.double() }
    let snapshots = try fields.optional { (fields) throws(RecordError) in try fields.integer(Int.self) }
    let slotNames = try fields.list { (fields) throws(RecordError) in try fields.text() }
    let trainable = 0..<layout.trainableCount
    let average = try data.region(byteCount: layout.computeByteCount, of: trainable, in: layout, pool: pool)
    var slots: [Region] = []
    for _ in slotNames { slots.append(try data.region(byteCount: layout.slotByteCount, pool: pool)) }
    self.init(
      layout: layout, iterations: iterations, scalars: scalars, average: average, snapshots: snapshots,
      slotNames: slotNames, slots: slots)
  }
}

extension TrainedModel.Counters {
  fileprivate init(from fields: inout FieldReader) throws(RecordError) {
    epoch = Epoch(try fields.text())
    iterations = try fields.integer(Int.self)
    version = try fields.integer(Int.self)
    averageVersion = try fields.integer(Int.self)
    slotVersion = try fields.integer(Int.self)
    average = try fields.optional { (fields) throws(RecordError) in
      (count: try fields.integer(Int.self), iterations: try fields.integer(Int.self))
    }
    scalars = try fields.list { (fields) throws(RecordError) in try fields.double() }
  }
}

extension Layout {
  fileprivate convenience init(from fields: inout FieldReader) throws(RecordError) {
    let variables = try fields.list { (fields) throws(RecordError) in
      let name = try fields.text()
      guard let dtype = DType(rawValue: try fields.text()) else { throw .malformed("a variable has no known type") }
      let shape = try fields.list { (fields) throws(RecordError) in try fields.integer(Int.self) }
      guard shape.allSatisfy({ $0 >= 0 }), TensorDescription.byteCount(of: dtype, shape: shape) != nil else {
        throw .malformed("a variable has no possible shape")
      }
      return Variable(name: name, dtype: dtype, shape: shape, isTrainable: try fields.flag())
    }
    self.init(variables)
  }
}

extension FieldReader {
  fileprivate mutating func configuration() throws(RecordError) -> ConfigValue {
    let text = Array(try text().utf8)
    do throws(JSONConfigurationError) {
      return try JSONConfiguration.value(of: text.span)
    } catch {
      throw .malformed("its configuration: \(error)")
    }
  }

  fileprivate mutating func stalenessPolicy() throws(RecordError) -> StalenessPolicy {
    let name = try text()
    let limit = try integer(Int.self)
    switch name {
    case "accept": return .accept
    case "reject": return .reject(beyond: limit)
    case "scale": return .scale
    default: throw .malformed("its staleness policy '\(name)' is unknown")
    }
  }

  fileprivate mutating func optimizer(_ registry: Registry) throws(RecordError) -> any AveragingOptimizer {
    let value = try configuration()
    do throws(ConfigurationError) {
      return try registry.optimizer(from: value).optimizer
    } catch {
      throw .malformed("its optimizer: \(error)")
    }
  }
}
