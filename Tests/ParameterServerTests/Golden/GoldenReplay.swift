import ModelStore
import Optimizers
import Tensors
import Testing

/// Replays a recorded run through a model, as a server would, and compares after every step.
struct GoldenReplay {
  let recorded: GoldenCase
  let model: Model
  /// How far apart our numbers were from TensorFlow's.
  private(set) var difference = GoldenDifference()
  private let bytesPerPiece: Int

  /// A model at the recorded start. Bodies will come in pieces of `bytesPerPiece` bytes.
  init(_ recorded: GoldenCase, threads: Int = 1, bytesPerPiece: Int = 37) throws {
    self.recorded = recorded
    self.bytesPerPiece = bytesPerPiece
    let optimizer = try Registry.standard.optimizer(from: recorded.config).optimizer
    model = Model(optimizer: optimizer, threads: threads, pool: RegionPool())
    let body = try Self.body(recorded.variables.map { ($0.name, "init/" + $0.name) }, of: recorded)
    var receiver = ModelReceiver(existing: nil, nonTrainable: [], totalByteCount: body.count, pool: model.pool)
    var sent = 0
    while sent < body.count { try receiver.receive { Self.fill(&$0, from: body, &sent, atMost: bytesPerPiece) } }
    let (layout, values) = try receiver.finish()
    _ = try model.apply(.create(layout: layout, values: values, epoch: Epoch("0000000000000001")))
  }

  /// Takes every step and compares the variables and averages after each, and the state after the last.
  mutating func run() throws {
    for (number, step) in recorded.steps.enumerated() {
      let gradient = try gradient(of: step, number)
      _ = try model.apply(.push(Push(gradient: gradient)))
      #expect(model.status.model?.stamp.iterations == step.iterations)
      try compareVariables("step\(number)/variable/")
      try compareAverages(after: number)
      try perform(step.event, after: number)
    }
    try compareFinalState()
  }

  private func gradient(of step: GoldenCase.Step, _ number: Int) throws -> Gradient {
    var tensors: [(String, String)] = []
    for (variable, form) in step.gradients {
      let source = "step\(number)/gradient/\(variable)"
      switch form {
      case .dense: tensors.append((variable, source))
      case .sparse: tensors += ["/indices", "/values"].map { (variable + $0, source + $0) }
      case .none: break
      }
    }
    let body = try Self.body(tensors, of: recorded)
    let layout = try #require(model.status.model?.layout)
    var receiver = GradientReceiver(
      layout: layout, totalByteCount: body.count, acceptsNonFinite: false, pool: model.pool)
    var sent = 0
    while sent < body.count { try receiver.receive { Self.fill(&$0, from: body, &sent, atMost: bytesPerPiece) } }
    return try receiver.finish()
  }

  private mutating func perform(_ event: GoldenCase.Event?, after number: Int) throws {
    switch event {
    case nil: return
    case .assignAverages?: _ = try model.apply(.assignAverage(variables: nil))
    case .learningRate(let rate)?:
      _ = try model.apply(.patchOptimizer(.object([.init("learning_rate", rate)])))
    }
    try compareVariables("step\(number)/after_event/")
  }

  private mutating func compareVariables(_ prefix: String) throws {
    let weights = try model.weights()
    for entry in weights.layout.entries {
      let ours = weights.values.doubles(at: entry.offset, count: entry.variable.elementCount, of: recorded.dtype)
      difference.compare(
        ours, try recorded.values(prefix + entry.variable.name), at: prefix + entry.variable.name)
    }
  }

  private mutating func compareAverages(after number: Int) throws {
    guard !recorded.isBare else { return }
    let layout = try #require(model.status.model?.layout)
    let average = try? model.averagedWeights()
    for entry in layout.entries {
      let name = "step\(number)/average/" + entry.variable.name
      guard recorded.tensor(name) != nil else { continue }
      let expected = try recorded.values(name)
      if let average {
        let ours = average.values.doubles(
          at: entry.computeOffset, count: entry.variable.elementCount, of: recorded.dtype)
        difference.compare(ours, expected, at: name)
      } else {
        // TensorFlow Addons holds zeros before the first snapshot, where there is no average here.
        #expect(expected.allSatisfy { $0 == 0 }, "\(recorded.name) \(name)")
      }
    }
  }

  private mutating func compareFinalState() throws {
    let state = try model.optimizerState()
    #expect(Set(state.slots.map(\.name)) == Set(recorded.slotNames).subtracting(["average"]))
    for (ordinal, weight) in recorded.weightNames.enumerated() {
      let ordinal = String(ordinal)
      let name = "final/weights/" + String(repeating: "0", count: 4 - ordinal.count) + ordinal
      let path = weight.dropLast(2).split(separator: "/").map(String.init)
      guard path.count == 3 else {
        try compareScalar(path.last ?? "", to: name, in: state)
        continue
      }
      let (variable, slot) = (path[1], path[2])
      let entry = state.layout.entries[try #require(state.layout.index(of: variable))]
      let found = slot == "average" ? state.average?.values : state.slots.first { $0.name == slot }?.values
      let values = try #require(found, "\(recorded.name) has no \(slot)")
      let ours = values.doubles(at: entry.computeOffset, count: entry.variable.elementCount, of: recorded.dtype)
      difference.compare(ours, try recorded.values(name), at: weight, slack: 10)
    }
  }

  private mutating func compareScalar(_ scalar: String, to name: String, in state: OptimizerState) throws {
    guard scalar != "iter" else {
      let bytes = try recorded.bytes(name)
      #expect(bytes == (0..<8).map { UInt8(truncatingIfNeeded: state.stamp.iterations >> (8 * $0)) })
      return
    }
    let ours = try #require(state.scalars.first { $0.name == scalar }, "\(recorded.name) has no \(scalar)")
    difference.compare([ours.value], try recorded.values(name), at: scalar)
  }

  /// A file of recorded tensors under other names.
  private static func body(_ tensors: [(name: String, source: String)], of recorded: GoldenCase) throws -> [UInt8] {
    var descriptions: [TensorDescription] = []
    var data: [UInt8] = []
    for (name, source) in tensors {
      let tensor = try #require(recorded.tensor(source))
      let bytes = try recorded.bytes(source)
      descriptions.append(
        TensorDescription(
          name: name, dtype: tensor.dtype, shape: tensor.shape, range: data.count..<data.count + bytes.count))
      data += bytes
    }
    return SafetensorsHeader.encode(tensors: descriptions, metadata: []) + data
  }

  private static func fill(
    _ room: inout MutableSpan<UInt8>, from body: [UInt8], _ sent: inout Int, atMost limit: Int
  ) -> Int {
    let count = min(room.count, body.count - sent, limit)
    for index in 0..<count { room[index] = body[sent + index] }
    sent += count
    return count
  }
}

extension Region {
  /// Float elements, widened to float64.
  func doubles(at offset: Int, count: Int, of dtype: DType) -> [Double] {
    withBytes(in: offset..<offset + count * dtype.byteCount) { span in
      GoldenCase.doubles(span.indices.map { span[$0] }, of: dtype)
    }
  }
}
