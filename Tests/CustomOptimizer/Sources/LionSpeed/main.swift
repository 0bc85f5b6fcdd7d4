import Lion
import Optimizers
import Tensors

// Times the rule of this package and the server's own momentum in turns, and prints how many times as fast it is. Both
// move 20 bytes a parameter.

var momentum = SGD()
momentum.momentum = 0.9

for parameters in [65_536, 25_600_000] {
  let pool = RegionPool()
  let extent = RunExtent(
    storageType: .f32, elementCount: parameters, variableOffset: 0, computeOffset: 0, threads: 1)
  var variable = try Region.zeros(byteCount: 4 * parameters, pool: pool)
  var slots = [try Region.zeros(byteCount: 4 * parameters, pool: pool)]
  var gradient = try Region.zeros(byteCount: 4 * parameters, pool: pool)
  gradient.withMutableElements(of: Float.self, at: 0, count: parameters) { elements in
    for index in elements.indices { elements[index] = Float(index % 997 - 498) / 1000 }
  }

  func seconds(_ rule: any Rule) -> Double {
    let passes = 1 + 500_000 / parameters
    let time = ContinuousClock().measure {
      for pass in 0..<passes { rule.apply(extent, &variable, &slots, gradient, rule.step(at: pass)) }
    }
    return time / .seconds(1)
  }

  // The fastest of many short rounds: whatever else the machine does only adds.
  var own = Double.infinity
  var builtIn = Double.infinity
  for _ in 0..<20 {
    own = min(own, seconds(Lion()))
    builtIn = min(builtIn, seconds(momentum))
  }
  print(parameters, builtIn / own)
}
