import Optimizers
import Tensors

/// How fast a kernel is over one float32 variable, run as a push runs it.
extension Kernel {
  /// What was measured; one line of JSON.
  struct Measurement: Encodable {
    let kernel: String
    let parameters: Int
    let threads: Int
    /// Of the fastest pass.
    let seconds: Double
    /// Over the bits of the result, to tell that another program did the same work.
    let checksum: String
  }

  /// Passes over so many elements. Cost in memory: 4 bytes an element for variable, gradient and each slot.
  func measure(parameters: Int, passes: Int, threads: Int) throws(RegionError) -> Measurement {
    let pool = RegionPool()
    let extent = RunExtent(
      storageType: .f32, elementCount: parameters, variableOffset: 0, computeOffset: 0, threads: threads)
    var variable = try Region.numbers(parameters, seed: 1, scale: 1, pool: pool)
    let gradient = try Region.numbers(parameters, seed: 2, scale: 0.1, pool: pool)
    var fastest = Duration.seconds(1 << 32)
    switch work {
    case .step(let rule):
      var slots: [Region] = []
      for name in rule.slotNames {
        slots.append(
          try Region.filled(parameters, with: Float(rule.initialValue(ofSlotNamed: name)), pool: pool))
      }
      var scalars = rule.initialScalars.map(\.value)
      for pass in 0..<passes {
        let step = rule.step(at: pass, scalars: scalars)
        fastest = min(
          fastest, ContinuousClock().measure { rule.apply(extent, &variable, &slots, gradient, step) })
        scalars = rule.scalars(after: step, in: Float.self)
      }
    case .snapshot(let optimizer):
      for pass in 0..<passes {
        fastest = min(
          fastest,
          ContinuousClock().measure {
            optimizer.average(extent, &variable, of: gradient, count: pass + 1, at: pass)
          })
      }
    }
    return Measurement(
      kernel: name, parameters: parameters, threads: threads, seconds: fastest / .seconds(1),
      checksum: variable.checksum(count: parameters))
  }
}

extension Region {
  /// Float32 numbers in -scale … scale that are the same in deploy/bench/kernels.c.
  fileprivate static func numbers(
    _ count: Int, seed: UInt32, scale: Float, pool: RegionPool
  ) throws(RegionError) -> Region {
    var region = try Region(byteCount: 4 * count, pool: pool)
    region.withMutableElements(of: Float.self, at: 0, count: count) { elements in
      var state = seed
      for index in elements.indices {
        state = state &* 1_664_525 &+ 1_013_904_223
        elements[index] = (Float(state >> 8) * 0x1p-23 - 1) * scale
      }
    }
    return region
  }

  fileprivate static func filled(_ count: Int, with value: Float, pool: RegionPool) throws(RegionError) -> Region {
    var region = try Region(byteCount: 4 * count, pool: pool)
    region.withMutableElements(of: Float.self, at: 0, count: count) { elements in
      for index in elements.indices { elements[index] = value }
    }
    return region
  }

  fileprivate func checksum(count: Int) -> String {
    let sum = withElements(of: UInt32.self, at: 0, count: count) { bits in
      var sum: UInt64 = 0
      for index in bits.indices { sum = sum &* 31 &+ UInt64(bits[index]) }
      return sum
    }
    let digits = String(sum, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
