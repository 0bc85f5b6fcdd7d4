import FoundationEssentials

/// What libFuzzer drives: one parser, or the whole application, chosen by the environment variable FUZZ_TARGET.
///
/// A target returns for every input; it traps where an input shows that something is wrong.
enum FuzzTarget: String, CaseIterable {
  case head
  case chunks
  case safetensors
  case npz
  case json
  case configuration
  case application

  /// The one that this process fuzzes.
  static let chosen: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
      preconditionFailure("FUZZ_TARGET is '\(name)', not one of \(allCases.map(\.rawValue))")
    }
    return target
  }()

  func run(_ input: [UInt8]) {
    switch self {
    case .head: Self.head(input)
    case .chunks: Self.chunks(input)
    case .safetensors: Self.safetensors(input)
    case .npz: Self.npz(input)
    case .json: Self.json(input)
    case .configuration: Self.configuration(input)
    case .application: Self.application(input)
    }
  }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  unsafe FuzzTarget.chosen.run(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
