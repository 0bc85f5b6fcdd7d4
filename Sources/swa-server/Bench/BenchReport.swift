import FoundationEssentials

/// Prints each measurement as a JSON line as soon as it is there, and all of them as a table at the end.
struct BenchReport {
  let progress = BenchProgress()
  private var measurements: [BenchMeasurement] = []
  /// Of an earlier run, by what they were of.
  private let earlier: [BenchMeasurement.Subject: BenchMeasurement]

  /// A report that is compared with the lines of an earlier run.
  init(comparedWith file: String?) throws(Failure) {
    guard let file else {
      earlier = [:]
      return
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    var found: [BenchMeasurement.Subject: BenchMeasurement] = [:]
    for line in try NamedFile(path: file).read().split(separator: UInt8(ascii: "\n")) {
      // The table stands in the same output.
      guard line.first == UInt8(ascii: "{"), let measurement = try? decoder.decode(BenchMeasurement.self, from: line)
      else { continue }
      found[measurement.subject] = measurement
    }
    guard !found.isEmpty else { throw Failure(.usage, "--compare \(file): there is no measurement in it") }
    earlier = found
  }

  mutating func add(_ measurement: BenchMeasurement) {
    measurements.append(measurement)
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let line = try? encoder.encode(measurement) else { return }
    progress.clear()
    StandardStream.output.write(String(decoding: line, as: UTF8.self) + "\n")
  }

  func printTable() {
    progress.clear()
    StandardStream.output.write("\n" + BenchTable(measurements, earlier: earlier).text)
  }
}
