import Testing

@testable import Optimizers

@Suite struct SumOfSquaresTests {
  private static func sum(_ floats: [Float]) -> Double { floats.span.sumOfSquares() }
  private static func sum(_ doubles: [Double]) -> Double { doubles.span.sumOfSquares() }

  /// Of whole numbers every order of adding gives the same.
  @Test func everyElementCountsOnceAtEveryLength() {
    for count in 0..<100 {
      let floats = (0..<count).map { Float($0 % 7 - 3) * Float($0) }
      let doubles = floats.map { Double($0) }
      let expected = doubles.reduce(0) { $0 + $1 * $1 }
      #expect(Self.sum(floats) == expected)
      #expect(Self.sum(doubles) == expected)
    }
  }

  @Test func squaresOfFloat32DoNotOverflow() {
    #expect(Self.sum([Float](repeating: -.greatestFiniteMagnitude, count: 40)).isFinite)
  }

  @Test func whatIsNotFiniteIsSeenWhereverItStands() {
    for value in [Float.infinity, -.infinity, .nan] {
      for index in 0..<40 {
        var floats = [Float](repeating: 1, count: 40)
        floats[index] = value
        #expect(!Self.sum(floats).isFinite)
      }
    }
  }
}
