import CDigits

/// Images of hand-written digits, 8 × 8 pixels each, centred to -1 … 1.
struct Digits {
  /// Pixels of an image.
  static let pixelCount = 64
  /// Kinds of digits.
  static let classCount = 10

  /// All images, one after the other.
  private(set) var pixels: [Float] = []
  /// What each image shows.
  private(set) var labels: [Int] = []

  /// How many images there are.
  var count: Int { labels.count }

  /// The images that are trained on, and the ones that are only tested on: each third image of the file.
  static func load() -> (training: Digits, test: Digits) {
    var training = Digits()
    var test = Digits()
    for (index, row) in rows().enumerated() {
      if index % 3 == 2 { test.append(row) } else { training.append(row) }
    }
    return (training, test)
  }

  /// The part of these images that trainer `index` of `count` trains on; no image is in two parts.
  func shard(_ index: Int, of count: Int) -> Digits {
    var shard = Digits()
    for image in stride(from: index, to: self.count, by: count) { shard.append(self, image) }
    return shard
  }

  /// As many images as `count`, drawn at random, each perhaps more than once.
  func sample(_ count: Int, using generator: inout SplitMix64) -> Digits {
    var sample = Digits()
    for _ in 0..<count { sample.append(self, Int.random(in: 0..<self.count, using: &generator)) }
    return sample
  }

  private mutating func append(_ other: Digits, _ image: Int) {
    pixels += other.pixels[image * Self.pixelCount..<(image + 1) * Self.pixelCount]
    labels.append(other.labels[image])
  }

  private mutating func append(_ row: [Int]) {
    pixels += row.prefix(Self.pixelCount).map { Float($0) / 8 - 1 }
    labels.append(row[Self.pixelCount])
  }

  /// The numbers of each line of the file: the pixels, 0 to 16, and the label.
  private static func rows() -> [[Int]] {
    var rows: [[Int]] = []
    var row: [Int] = []
    var number = 0
    for index in 0..<swa_digits_byte_count() {
      let byte = swa_digits_byte(index)
      switch byte {
      case UInt8(ascii: ","), UInt8(ascii: "\n"):
        row.append(number)
        number = 0
        if byte == UInt8(ascii: "\n") {
          rows.append(row)
          row = []
        }
      default: number = number * 10 + Int(byte - UInt8(ascii: "0"))
      }
    }
    return rows
  }
}
