import Tensors
import Testing

@Suite struct JSONNumberTests {
  private func floats(_ texts: [String]) throws -> [Float] {
    try JSONTensorsTests.elements(JSONTensorsTests.list("[\(texts.joined(separator: ","))]"), .f32, as: Float.self)
  }

  private func doubles(_ texts: [String]) throws -> [Double] {
    try JSONTensorsTests.elements(JSONTensorsTests.list("[\(texts.joined(separator: ","))]"), .f64, as: Double.self)
  }

  @Test func tiesGoToEvenAndWhatIsBesideThemDoesNot() throws {
    let texts = ["16777217", "16777217.0000000000000000000000001", "16777219", "16777218.999999999999999999999"]
    #expect(try floats(texts) == [16_777_216, 16_777_218, 16_777_220, 16_777_218])
    let wide = ["9007199254740993", "9007199254740993.00000000000000000001", "9007199254740992.9999999999999999999"]
    #expect(try doubles(wide) == [9_007_199_254_740_992, 9_007_199_254_740_994, 9_007_199_254_740_992])
  }

  @Test func float32IsNotRoundedThroughFloat64() throws {
    // 1 + 2^-24 + 2^-54: the float64 nearest to it lies on the tie between two float32, which goes down.
    #expect(try floats(["1.000000059604644830932934"]) == [Float(1).nextUp])
    #expect(try floats(["1.00000005960464483"]) == [Float(1).nextUp])
    #expect(try floats(["1.000000059604644775390625"]) == [1])
  }

  @Test func extremesAreFound() throws {
    let smallest: [Double] = [.leastNonzeroMagnitude, 0, 0, 2.2250738585072014e-308, .greatestFiniteMagnitude]
    #expect(
      try doubles(["4.9e-324", "2.4e-324", "1e-9999999999", "2.2250738585072014e-308", "1.7976931348623157e308"])
        == smallest)
    #expect(
      try floats(["1.4e-45", "0.7e-45", "3.4028235e38", "1e-40"]) == [
        .leastNonzeroMagnitude, 0, .greatestFiniteMagnitude, 0x1.16c2p-133,
      ])
    let zeros = String(repeating: "0", count: 100_000)
    #expect(try floats(["0.\(zeros)15e100000", "15\(zeros)e-100000", "0.\(zeros)"]) == [0.15, 15, 0])
  }

  @Test func anyDecimalIsTheNearestNumber() throws {
    var random = SplitMix64(seed: 2)
    let texts = (0..<50_000).map { _ in
      var text = Bool.random(using: &random) ? "-" : ""
      text += String(Int.random(in: 1...9, using: &random))
      for _ in 0..<Int.random(in: 0...8, using: &random) { text += String(Int.random(in: 0...9, using: &random)) }
      if Bool.random(using: &random) {
        text += "."
        for _ in 0..<Int.random(in: 1...14, using: &random) { text += String(Int.random(in: 0...9, using: &random)) }
      }
      if Bool.random(using: &random) { text += "e\(Int.random(in: -50...28, using: &random))" }
      return text
    }
    #expect(try doubles(texts) == texts.map { Double($0) })
    #expect(try floats(texts) == texts.map { Float($0) })
  }

  @Test func aMillionDigitsTakeNoTime() throws {
    let digits = "1." + String(repeating: "123456789", count: 110_000)
    #expect(try doubles([digits]) == [1.1234567891234568])
  }
}
