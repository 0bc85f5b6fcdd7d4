import ArgumentParser

/// The sizes of models that transfers are measured at.
enum BenchSize: String, CaseIterable, ExpressibleByArgument {
  case small = "10KB"
  case medium = "4MB"
  case resNet50 = "102MB"
  case large = "500MB"

  var shape: BenchShape {
    switch self {
    case .small: .equal(1, of: 2560)
    case .medium: .equal(16, of: 65_536)
    case .resNet50: .resNet50
    case .large: .equal(100, of: 1_250_000)
    }
  }
}
