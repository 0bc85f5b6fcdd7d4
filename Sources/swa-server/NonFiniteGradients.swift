import ArgumentParser

/// What becomes of a push that holds NaN or infinity.
enum NonFiniteGradients: String, CaseIterable, ExpressibleByArgument {
  case reject, accept
}
