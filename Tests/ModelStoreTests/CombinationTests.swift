import Optimizers
import Tensors
import Testing

@testable import ModelStore

/// How the gradients of a round become one, against sums that are written out.
struct CombinationTests {
  private func model(_ tensors: [Tensor], nonTrainable: [String] = []) throws -> Model {
    let model = Model(optimizer: SWA(SGD()), threads: 2, pool: RegionPool())
    let file = Tensor.file(tensors)
    var receiver = ModelReceiver(
      existing: nil, nonTrainable: nonTrainable, totalByteCount: file.count, pool: model.pool)
    var sent = 0
    while sent < file.count {
      try receiver.receive { room in
        let count = min(room.count, file.count - sent)
        for index in 0..<count { room[index] = file[sent + index] }
        sent += count
        return count
      }
    }
    let (layout, values) = try receiver.finish()
    _ = try model.apply(.create(layout: layout, values: values, epoch: .random()))
    return model
  }

  private func combine(
    _ bodies: [[Tensor]], for model: Model, weights: [Double]? = nil, isMean: Bool = false, takesValues: Bool = false,
    threads: Int = 2, acceptsNonFinite: Bool = false
  ) throws -> Gradient {
    let gradients = try bodies.map { try Gradient.make(Tensor.file($0), for: model) }
    let method = GradientCombination.Method(
      weights: weights ?? bodies.map { _ in 1 }, isMean: isMean, takesValues: takesValues)
    var combination = GradientCombination(of: gradients, by: method, threads: threads)
    return try combination.combined(acceptsNonFinite: acceptsNonFinite)
  }

  private func floats(_ name: String, in gradient: Gradient) throws -> [Float] {
    let entry = gradient.layout.entries[try #require(gradient.layout.index(of: name))]
    return gradient.values.withElements(of: Float.self, at: entry.computeOffset, count: entry.variable.elementCount) {
      span in span.indices.map { span[$0] }
    }
  }

  private func values(_ seed: Int, _ count: Int) -> [Float] {
    (0..<count).map { Float(($0 &* 7919 &+ seed &* 104_729) % 20_011 - 10_000) * 1.1e-3 }
  }

  @Test(arguments: [1, 2])
  func theSumIsTakenInOrder(threads: Int) throws {
    let count = 600_001
    let model = try model([.f32("w", [count], values(0, count)), .f32("b", [3], [0, 0, 0])])
    let gradients = (1...3).map { values($0, count) }
    let small = [[1, 2, 3], [0.1, 0.2, 0.3], [1e8, -1e8, 1e-8]] as [[Float]]
    let combined = try combine(
      zip(gradients, small).map { [.f32("b", [3], $1), .f32("w", [count], $0)] }, for: model, threads: threads)
    let expected = gradients[0].indices.map { gradients[0][$0] + gradients[1][$0] + gradients[2][$0] }
    #expect(try floats("w", in: combined) == expected)
    #expect(try floats("b", in: combined) == small[0].indices.map { small[0][$0] + small[1][$0] + small[2][$0] })

    // The same as one gradient of these numbers, the norm included.
    let b = try floats("b", in: combined)
    let whole = try Gradient.make(Tensor.file([.f32("w", [count], expected), .f32("b", [3], b)]), for: model)
    #expect(combined.norm == whole.norm)
    #expect(combined.dense == whole.dense)
  }

  @Test
  func theMeanIsWeightedAndDividedOnce() throws {
    let model = try model([.f32("w", [2], [0, 0])])
    let combined = try combine(
      [[.f32("w", [2], [0.1, 7])], [.f32("w", [2], [0.2, -3])], [.f32("w", [2], [0.7, 1])]], for: model,
      weights: [3, 0.3, 11], isMean: true)
    let sum = 3 + 0.3 + 11
    let expected = ([(0.1, 0.2, 0.7), (7, -3, 1)] as [(Float, Float, Float)]).map {
      (($0 * 3) + (Float(0.3) * $1) + (11 * $2)) / Float(sum)
    }
    #expect(try floats("w", in: combined) == expected)
  }

  @Test
  func float64IsCombinedInFloat64() throws {
    func f64(_ values: [Double]) -> Tensor {
      Tensor(name: "w", dtype: .f64, shape: [values.count], bytes: unsafe values.withUnsafeBytes { unsafe Array($0) })
    }
    let model = try model([f64([0])])
    let combined = try combine([[f64([1])], [f64([1e-12])], [f64([1])]], for: model, weights: [1, 1, 2], isMean: true)
    let found = combined.values.withElements(of: Double.self, at: 0, count: 1) { $0[0] }
    #expect(found == (1.0 + 1e-12 + 2) / 4)
  }

  @Test
  func aMissingGradientIsZeroAndWhatNobodyHasIsNone() throws {
    let model = try model([.f32("a", [2], [0, 0]), .f32("b", [1], [0]), .f32("c", [1], [0])])
    let combined = try combine(
      [[.f32("b", [1], [5])], [.f32("a", [2], [-0.0, 3])], [.f32("a", [2], [-0.0, 4])]], for: model)
    #expect(combined.dense.map { combined.layout.entries[$0].variable.name } == ["a", "b"])
    // Zero and minus zero are zero.
    #expect(try floats("a", in: combined).map(\.bitPattern) == [0, Float(7).bitPattern])
    #expect(try floats("b", in: combined) == [5])
    #expect(combined.norm == (49 + 25.0).squareRoot())
  }

  @Test
  func rowsAloneArePutOneBehindTheOther() throws {
    let model = try model([.f32("w", [4, 2], values(0, 8)), .f32("b", [1], [0])])
    let combined = try combine(
      [
        Tensor.sparse("w", rows: [3, 1], width: 2, [1, 2, 3, 4]), [.f32("b", [1], [1])],
        Tensor.sparse("w", rows: [1], width: 2, [10, 20]),
      ], for: model, weights: [1, 2, 5], isMean: true)
    let part = try #require(combined.sparse.first)
    #expect(combined.sparse.count == 1)
    #expect(part.received.rows == [3, 1, 1])
    let received = part.received.values.withElements(of: Float.self, at: 0, count: 6) { s in s.indices.map { s[$0] } }
    #expect(received == ([1, 2, 3, 4, 50, 100] as [Float]).map { $0 / 8 })
    #expect(part.summed.rows == [3, 1])
    #expect(try floats("b", in: combined) == [2 / 8])
  }

  @Test
  func rowsAreScatteredWhereSomebodyHasTheWhole() throws {
    let model = try model([.f32("w", [3, 2], values(0, 6))])
    let combined = try combine(
      [
        Tensor.sparse("w", rows: [2, 0, 2], width: 2, [0.1, 0.2, 3, 4, 0.3, 0.4]),
        [.f32("w", [3, 2], [1, 1, 1, 1, 1, 1])],
      ], for: model)
    #expect(combined.sparse.isEmpty)
    #expect(try floats("w", in: combined) == [4, 5, 1, 1, (0.1 + 0.3) + 1, (0.2 + 0.4) + 1])
  }

  @Test
  func rowsOfOneTrainerStayRows() throws {
    let model = try model([.f32("w", [3, 1], [0, 0, 0])])
    let combined = try combine([Tensor.sparse("w", rows: [1], width: 1, [4])], for: model)
    #expect(combined.dense.isEmpty)
    #expect(combined.sparse.first?.received.rows == [1])
    #expect(combined.norm == 4)
  }

  @Test
  func valuesOfThoseThatCameAreAveraged() throws {
    let model = try model([.f32("a", [1], [0]), .f32("b", [1], [0]), .f32("c", [1], [0])])
    let combined = try combine(
      [
        [.f32("b", [1], [8])], [.f32("a", [1], [2]), .f32("b", [1], [4])],
        [.f32("a", [1], [5]), .f32("c", [1], [9])],
      ], for: model, weights: [1, 3, 2], isMean: true, takesValues: true)
    #expect(try floats("a", in: combined) == [(3 * 2 + 2 * 5) / 5])
    #expect(try floats("b", in: combined) == [(8 + 3 * 4) / 4])
    #expect(try floats("c", in: combined) == [9])
  }

  @Test
  func untrainedFloatsTakeTheMeanOfThoseThatCameAndIntegersTheLast() throws {
    let count = Tensor(name: "n", dtype: .i64, shape: [], bytes: [1, 0, 0, 0, 0, 0, 0, 0])
    let later = Tensor(name: "n", dtype: .i64, shape: [], bytes: [9, 0, 0, 0, 0, 0, 0, 0])
    let model = try model(
      [.f32("w", [1], [0]), .f32("mean", [2], [0, 0]), .f16("half", [1], [0]), count],
      nonTrainable: ["mean", "half"])
    let w = Tensor.f32("w", [1], [1])
    let combined = try combine(
      [
        [w], [w, .f32("mean", [2], [1, 2]), later, .f16("half", [1], [1])], [w, .f32("mean", [2], [4, 8])],
        [w, count, .f16("half", [1], [2])], [w],
      ], for: model)
    #expect(try floats("w", in: combined) == [5])
    #expect(try floats("mean", in: combined) == [2.5, 5])
    let layout = combined.layout
    #expect(combined.assigned.map { layout.entries[$0].variable.name }.sorted() == ["half", "mean", "n"])
    let integer = layout.entries[try #require(layout.index(of: "n"))]
    #expect(combined.values.withBytes(in: integer.computeRange) { $0[0] } == 1)
    let half = layout.entries[try #require(layout.index(of: "half"))]
    #expect(combined.values.withElements(of: Float16.self, at: half.computeOffset, count: 1) { $0[0] } == 1.5)
  }

  @Test
  func anUntrainedFloat64BehindAFloat32IsAveraged() throws {
    func f64(_ value: Double) -> Tensor {
      Tensor(name: "s", dtype: .f64, shape: [1], bytes: unsafe [value].withUnsafeBytes { unsafe Array($0) })
    }
    let model = try model([.f32("w", [1], [0]), f64(0)], nonTrainable: ["s"])
    let w = Tensor.f32("w", [1], [1])
    let combined = try combine([[w, f64(1)], [w, f64(2)]], for: model)
    let range = combined.layout.entries[1].computeRange
    #expect(combined.values.withBytes(in: range) { bytes in bytes.indices.map { bytes[$0] } } == f64(1.5).bytes)
  }

  @Test
  func aSumThatOverflowsIsRefusedByName() throws {
    let model = try model([.f32("a", [1], [0]), .f32("b", [1], [0])])
    let body = [Tensor.f32("a", [1], [1]), .f32("b", [1], [3e38])]
    #expect { try combine([body, body], for: model) } throws: { error in
      if case ModelError.nonFinite(variable: "b") = error { true } else { false }
    }
    #expect(try floats("b", in: combine([body, body], for: model, acceptsNonFinite: true)) == [.infinity])
  }

  @Test
  func combiningNeedsNoMemoryBesideTheContributions() throws {
    let count = 300_000
    let model = try model([.f32("w", [count], values(0, count))])
    let gradients = try (1...3).map { seed in
      try Gradient.make(Tensor.file([.f32("w", [count], values(seed, count))]), for: model)
    }
    let before = model.pool.allocatedByteCount
    let method = GradientCombination.Method(weights: [1, 2, 3], isMean: true, takesValues: false)
    var combination = GradientCombination(of: consume gradients, by: method, threads: 2)
    _ = try combination.combined(acceptsNonFinite: false)
    #expect(model.pool.allocatedByteCount <= before)
    #expect(model.pool.peakByteCount < before + count)
  }
}
