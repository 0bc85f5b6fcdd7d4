import Foundation
import Locks
import Optimizers
import Synchronization
import Tensors
import Testing

@testable import ModelStore

/// Readers keep the version that they took, whole, while pushes go on.
@Suite(.timeLimit(.minutes(2)))
struct VersionsTests {
  /// 161 tensors, as many as a ResNet-50 has, of odd sizes, in several blocks; where a loop over elements is a loop and
  /// not a call for each, large enough for several threads too.
  #if DEBUG
    static let scale = 1
  #else
    static let scale = 8
  #endif
  static let shapes = (0..<161).map { [$0 % 7 + 1, scale * (50 + $0)] }

  @Test
  func everyReaderSeesOneVersionThroughout() throws {
    let model = try Model.make(shapes: Self.shapes)
    let gradient = try Gradient.make(-1, for: model)
    let writersLeft = Atomic(2)
    let torn = Lock<[String]>([])
    let reads = Atomic(0)
    let writer: @Sendable () -> Void = {
      for _ in 0..<20 { _ = try? model.apply(.push(.make(gradient))) }
      writersLeft.subtract(1, ordering: .releasing)
    }
    let reader: @Sendable () -> Void = {
      repeat {
        guard let weights = try? model.weights() else { continue }
        let found = Self.distinctValues(in: weights)
        if found != [Float(weights.stamp.iterations)] {
          torn.withLock { $0.append("iteration \(weights.stamp.iterations) holds \(found)") }
        }
        reads.add(1, ordering: .relaxed)
      } while writersLeft.load(ordering: .acquiring) > 0
    }
    run(threads: [writer, writer, reader, reader, reader, reader])
    #expect(torn.withLock { $0 } == [])
    #expect(reads.load(ordering: .relaxed) >= 4)
    #expect(try model.weights().stamp.iterations == 40)
    #expect(try Self.distinctValues(in: model.weights()) == [40])
  }

  @Test
  func averagesAreWholeVersionsToo() throws {
    let model = try Model.make(shapes: Self.shapes, averagePeriod: 1)
    let gradient = try Gradient.make(-1, for: model)
    _ = try model.apply(.push(.make(gradient)))
    let isWriting = Atomic(true)
    let torn = Lock<[String]>([])
    let reader: @Sendable () -> Void = {
      repeat {
        guard let average = try? model.averagedWeights(), case .averaged(let snapshots) = average.kind else { continue }
        // The mean of 1, 2 … n, exact in float32 at these sizes up to its rounding.
        let found = Self.distinctValues(in: average)
        if found.count != 1 || abs(found[0] - Float(snapshots + 1) / 2) > 1e-4 * Float(snapshots) {
          torn.withLock { $0.append("\(snapshots) snapshots hold \(found)") }
        }
      } while isWriting.load(ordering: .acquiring)
    }
    run(threads: [
      {
        for _ in 0..<20 { _ = try? model.apply(.push(.make(gradient))) }
        isWriting.store(false, ordering: .releasing)
      }, reader, reader,
    ])
    #expect(torn.withLock { $0 } == [])
  }

  @Test
  func aPushWithoutReadersAllocatesNothing() throws {
    let model = try Model.make(shapes: Self.shapes, momentum: 0.9)
    let gradient = try Gradient.make(-1, for: model)
    _ = try model.apply(.push(.make(gradient)))
    let before = model.pool.allocatedByteCount
    let address = try model.weights().values.memoryIdentifier
    for _ in 0..<8 { _ = try model.apply(.push(.make(gradient))) }
    #expect(model.pool.allocatedByteCount == before)
    #expect(try model.weights().values.memoryIdentifier == address)
    #expect(model.pool.peakByteCount < before + 1024)
  }

  @Test
  func aHeldVersionStaysWhatItIs() throws {
    let model = try Model.make(shapes: Self.shapes)
    let gradient = try Gradient.make(-1, for: model)
    _ = try model.apply(.push(.make(gradient)))
    let held = try model.weights()
    for _ in 0..<3 { _ = try model.apply(.push(.make(gradient))) }
    #expect(Self.distinctValues(in: held) == [1])
    #expect(try Self.distinctValues(in: model.weights()) == [4])
  }

  /// The first few values that occur.
  private static func distinctValues(in weights: WeightsVersion) -> [Float] {
    weights.values.withElements(of: Float.self, at: 0, count: weights.layout.elementCount) { span in
      var found: [Float] = []
      for index in span.indices where found.last != span[index] && found.count < 4 { found.append(span[index]) }
      return found
    }
  }

  /// Runs each piece of work on a thread of its own: on few cores, a pool would run the writers before the readers.
  private func run(threads work: [@Sendable () -> Void]) {
    let group = DispatchGroup()
    for item in work {
      group.enter()
      Thread.detachNewThread {
        item()
        group.leave()
      }
    }
    group.wait()
  }
}
