import Tensors
import Testing

@Suite struct JSONTensorsFuzzTests {
  private static let text = #"""
    {"metadata":{"a":1},"variables":{"w":[[1,-2.5e1],["NaN",0.125]],"s":7,"n":{"dtype":"I32","shape":[2],"data":[1,-2]},"e":{"indices":[0,1],"values":[[1],[2]]},"b":[true,0],"o":[]}}
    """#

  /// Reads every number of a text as `dtype`; answers how many tensors fit.
  private func readAll(_ text: [UInt8], as dtype: DType) throws(JSONTensorsError) -> Int {
    let tensors = try JSONTensors(parsing: text.span, member: "variables")
    var count = 0
    for entry in tensors.entries {
      let parts: [JSONTensors.Numbers] =
        switch entry.form {
        case .list(let numbers), .object(_, let numbers): [numbers]
        case .sparse(let indices, let values): [indices, values]
        }
      for numbers in parts {
        guard var region = try? Region(byteCount: numbers.count * dtype.byteCount, pool: RegionPool()) else { continue }
        do {
          try tensors.write(numbers, of: entry.name, from: text.span, as: dtype, into: &region, at: 0)
          count += 1
        } catch {
          #expect(!error.isMalformed)
        }
      }
    }
    return count
  }

  @Test func everyTruncationIsMalformed() {
    let bytes = Array(Self.text.utf8)
    for count in 0..<bytes.count {
      let error = #expect(throws: JSONTensorsError.self) { try readAll(Array(bytes[..<count]), as: .f32) }
      #expect(error?.isMalformed == true)
    }
  }

  @Test func mutantsAreRefusedOrRead() throws {
    #expect(try readAll(Array(Self.text.utf8), as: .f32) == 6)
    var mutation = Mutation(seed: 6)
    var outcomes: [String: Int] = [:]
    for index in 0..<30_000 {
      let mutant = mutation.next(of: Self.text)
      do {
        _ = try readAll(mutant, as: DType.allCases[index % DType.allCases.count])
        outcomes["read", default: 0] += 1
      } catch {
        outcomes[error.isMalformed ? "malformed" : "wrong", default: 0] += 1
      }
    }
    // All three answers must be common, or the mutants test nothing.
    for outcome in ["read", "malformed", "wrong"] { #expect(outcomes[outcome, default: 0] > 1_000, "\(outcomes)") }
  }
}
