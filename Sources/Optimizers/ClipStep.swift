/// What clipping does to one element of a gradient.
public enum ClipStep: Sendable, Equatable {
  /// Brings it into -c … c.
  case clamp(Double)
  /// `g c / d`, as TensorFlow's `clip_by_norm` has it.
  case quotient(Double, Double)
  /// `g s`, as its `clip_by_global_norm`.
  case product(Double)

  /// Applies the step to elements, its numbers rounded to their type first.
  func apply<T: Trainable>(to elements: inout MutableSpan<T>) {
    let count = elements.count
    switch self {
    case .clamp(let limit):
      let c = T(limit)
      for i in 0..<count {
        let g = elements[i] > c ? c : elements[i]
        elements[i] = g < -c ? -c : g
      }
    case .quotient(let factor, let divisor):
      let c = T(factor)
      let d = T(divisor)
      for i in 0..<count { elements[i] = elements[i] * c / d }
    case .product(let factor):
      let s = T(factor)
      for i in 0..<count { elements[i] *= s }
    }
  }
}
