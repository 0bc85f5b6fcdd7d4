import ModelStore
import Optimizers
import Tensors

let optimizer = try Optimizer(
  SWA(SGD(learningRate: 0.1), averagePeriod: 2), variables: [("w", [1, 2, 3]), ("b", [0])])
try optimizer.minimize { weights in
  let w = try weights.tensor(named: "w").floats
  return (loss: Double(w.reduce(0) { $0 + $1 * $1 }) / 2, gradients: [(.dense(Tensor(w)), "w"), (nil, "b")])
}
try optimizer.assignAverageVariables()

print(try optimizer.value(of: "w").floats)
