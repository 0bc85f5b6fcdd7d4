import Tensors
import Testing

@Suite struct ConversionTests {
  private static let allPatterns = Array(0...UInt16.max)

  /// Numbers on, between and beside all halves, of both signs, and 100,000 of any kind.
  private static let doubles: [Double] = {
    var doubles: [Double] = [
      .nan, .infinity, .leastNonzeroMagnitude, 1e308, 0, 0x1p-149, 0x1p-150, 0x1.8p-150, 65519.99, 65520, 1e39,
    ]
    let halves = (0..<UInt16(0x7C00)).map { Double(Float16(bitPattern: $0)) }
    for (lower, upper) in zip(halves, halves.dropFirst() + [65536]) {
      let middle = (lower + upper) / 2
      doubles += [lower, lower.nextUp, middle.nextDown, middle, middle.nextUp, upper.nextDown]
    }
    for pattern in stride(from: UInt32(0), to: 0x7F80, by: 7) {
      let lower = Double(Float(bitPattern: pattern << 16))
      let upper = Double(Float(bitPattern: (pattern + 1) << 16))
      let middle = (lower + upper) / 2
      doubles += [lower, lower.nextUp, middle.nextDown, middle, middle.nextUp]
    }
    var random = SplitMix64(seed: 1)
    doubles += (0..<100_000).map { _ in Double(Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))) }
    doubles += (0..<100_000).map { _ in Double(bitPattern: random.next()) }
    return doubles + doubles.map { -$0 }
  }()

  private func convert<Source: FloatElement, Target: FloatElement>(
    _ source: [Source], to type: Target.Type, zero: Target
  ) -> [Target] {
    var target = [Target](repeating: zero, count: source.count)
    var span = target.mutableSpan
    Conversion.convert(source.span, into: &span)
    return target
  }

  @Test func everyHalfWidensAsFloat16Does() {
    let halves = Self.allPatterns.map(Float16.init(bitPattern:))
    let floats = convert(halves, to: Float.self, zero: 0)
    let wrong = zip(halves, floats).filter { half, float in
      half.isNaN ? !float.isNaN : float.bitPattern != Float(half).bitPattern
    }
    #expect(wrong.isEmpty)
    #expect(convert(floats, to: Float16.self, zero: 0).filter { !$0.isNaN } == halves.filter { !$0.isNaN })
    #expect(convert(floats, to: Float16.self, zero: 0).map(\.isNaN) == halves.map(\.isNaN))
  }

  @Test func everyBFloat16SurvivesTheWayToFloatAndBack() {
    let patterns = Self.allPatterns.map(BFloat16.init(bitPattern:))
    let floats = convert(patterns, to: Float.self, zero: 0)
    #expect(floats.map(\.bitPattern) == Self.allPatterns.map { UInt32($0) << 16 })
    let back = convert(floats, to: BFloat16.self, zero: BFloat16(bitPattern: 0))
    let wrong = zip(patterns, back).filter { before, after in
      // A signalling NaN comes back as a quiet one.
      after != before && !(before.float.isNaN && after.bitPattern == before.bitPattern | 0x40)
    }
    #expect(wrong.isEmpty)
  }

  @Test func doublesRoundToHalvesAsFloat16Does() {
    let halves = convert(Self.doubles, to: Float16.self, zero: 0)
    let wrong = zip(Self.doubles, halves).filter { double, half in
      double.isNaN ? !half.isNaN : half.bitPattern != Float16(double).bitPattern
    }
    #expect(wrong.isEmpty)
  }

  @Test func floatsRoundToHalvesAsFloat16Does() {
    let floats = Self.doubles.map { Float($0) }
    let halves = convert(floats, to: Float16.self, zero: 0)
    let wrong = zip(floats, halves).filter { float, half in
      float.isNaN ? !half.isNaN : half.bitPattern != Float16(float).bitPattern
    }
    #expect(wrong.isEmpty)
  }

  @Test func doublesRoundToTheNearestBFloat16() {
    let rounded = convert(Self.doubles, to: BFloat16.self, zero: BFloat16(bitPattern: 0))
    let wrong = zip(Self.doubles, rounded).filter { double, result in
      double.isNaN ? !result.float.isNaN : result != Self.nearestBFloat16(to: double)
    }
    #expect(wrong.isEmpty)
  }

  /// The slow way: of the two neighbours the nearer, of two as near the even one.
  private static func nearestBFloat16(to double: Double) -> BFloat16 {
    let sign: UInt16 = double.sign == .minus ? 0x8000 : 0
    let largest: UInt16 = 0x7F7F
    // The number behind the largest, which is where infinity begins to be as near.
    func value(_ pattern: UInt16) -> Double {
      pattern > largest ? 0x1p128 : Double(Float(bitPattern: UInt32(pattern) << 16))
    }
    let magnitude = double.magnitude
    if magnitude >= 0x1p128 { return BFloat16(bitPattern: 0x7F80 | sign) }
    var lower = UInt16(Float(magnitude).bitPattern >> 16)
    while value(lower) > magnitude { lower -= 1 }
    let below = magnitude - value(lower)
    let above = value(lower + 1) - magnitude
    let isUp = above < below || above == below && lower % 2 == 1
    return BFloat16(bitPattern: (isUp ? lower + 1 : lower) | sign)
  }

  @Test func doublesAndFloatsConvertAsTheProcessorDoes() {
    let floats = convert(Self.doubles, to: Float.self, zero: 0)
    #expect(zip(Self.doubles, floats).allSatisfy { $0.isNaN ? $1.isNaN : Float($0).bitPattern == $1.bitPattern })
    let doubles = convert(floats, to: Double.self, zero: 0)
    #expect(zip(floats, doubles).allSatisfy { $0.isNaN ? $1.isNaN : Double($0).bitPattern == $1.bitPattern })
  }

  @Test(arguments: [DType.f64, .f32, .f16, .bf16], [DType.f64, .f32, .f16, .bf16])
  func regionsConvertFromAnyPlace(source: DType, target: DType) throws {
    let pool = RegionPool()
    let numbers: [Double] = [0, -1, 1.5, 0.25, -128, 3]
    var exact = try Region(byteCount: 48, pool: pool)
    exact.withMutableElements(of: Double.self, at: 0, count: 6) { span in
      for index in 0..<6 { span[index] = numbers[index] }
    }
    var aligned = try Region(byteCount: 64, pool: pool)
    aligned.convertElements(from: exact, .f64, at: 0, count: 6, to: source, at: 8)
    for shift in [8, 9] {
      var moved = try Region(byteCount: 64, pool: pool)
      moved.copyBytes(from: aligned, in: 8..<56, to: shift)
      var result = try Region(byteCount: 64, pool: pool)
      result.convertElements(from: moved, source, at: shift, count: 6, to: target, at: 8)
      var back = try Region(byteCount: 48, pool: pool)
      back.convertElements(from: result, target, at: 8, count: 6, to: .f64, at: 0)
      back.withElements(of: Double.self, at: 0, count: 6) { span in
        for index in 0..<6 { #expect(span[index] == numbers[index]) }
      }
    }
  }

  @Test func bytesConvertToFloatAndDouble() {
    // 1.5 and -2 in float16.
    let bytes: [UInt8] = [0x00, 0x3E, 0x00, 0xC0]
    var floats: [Float] = [0, 0]
    var floatSpan = floats.mutableSpan
    Conversion.convert(bytes.span, from: .f16, into: &floatSpan)
    var doubles: [Double] = [0, 0]
    var doubleSpan = doubles.mutableSpan
    Conversion.convert(bytes.span, from: .f16, into: &doubleSpan)
    #expect(floats == [1.5, -2])
    #expect(doubles == [1.5, -2])
  }
}
