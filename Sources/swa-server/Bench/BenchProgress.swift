/// What is being measured, on a line of a terminal that is written over again and again; nothing elsewhere.
struct BenchProgress {
  private let isShown = StandardStream.error.isTerminal

  func show(_ text: String) {
    guard isShown else { return }
    StandardStream.error.write("\r\u{1B}[K\(text)")
  }

  func clear() {
    show("")
  }
}
