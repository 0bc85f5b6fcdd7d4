import FoundationEssentials
import Optimizers
import Tensors

/// The optimizers' loops in this process, as a push runs them, against memory copy. `bench kernels` and
/// deploy/bench/kernels.sh hold each against the same loop in C.
extension BenchSuite {
  func measureKernels() throws(Failure) {
    let shape = BenchShape.resNet50
    let copy = try copySpeed(of: shape.byteCount)
    for kernel in Kernel.all {
      let subject = BenchMeasurement.Subject(name: "loop of \(kernel.name)", bytes: shape.byteCount)
      try begin(subject)
      let seconds: Double
      do {
        seconds = try kernel.measure(
          parameters: shape.elementCount, passes: rounds, threads: ProcessInfo.processInfo.activeProcessorCount
        ).seconds
      } catch {
        throw Failure(.unavailable, "there is no memory for a loop over \(shape.byteCount) bytes")
      }
      var measurement = BenchMeasurement(subject)
      let speed = Double(kernel.trafficPerParameter * shape.elementCount) / seconds / 1e9
      measurement.gigabytesPerSecond = speed
      measurement.copyGigabytesPerSecond = copy
      measurement.ratio = speed / copy
      add(measurement)
    }
  }

  /// Bytes read and written in a second by a copy from memory to memory on one thread, in 10^9.
  private func copySpeed(of byteCount: Int) throws(Failure) -> Double {
    let pool = RegionPool()
    let source = try Region.forBench(byteCount: byteCount, pool: pool)
    var target = try Region.forBench(byteCount: byteCount, pool: pool)
    var fastest = Duration.seconds(1 << 32)
    for _ in 0..<rounds + 1 {
      fastest = min(
        fastest, ContinuousClock().measure { target.copyBytes(from: source, in: 0..<byteCount, to: 0) })
    }
    return 2 * Double(byteCount) / (fastest / .seconds(1)) / 1e9
  }
}

extension Kernel {
  /// Bytes of float32 that a parameter's step reads and writes: variable and slots both, the gradient read only.
  fileprivate var trafficPerParameter: Int {
    switch work {
    case .step(let rule): (rule is Assign ? 8 : 12) + 8 * rule.slotNames.count
    case .snapshot: 12
    }
  }
}
