import FoundationEssentials
import ModelStore

/// Pushes that come again.
extension Application {
  /// Whether a push with the key was applied or is under way; true as well when that can't be said without waiting.
  func mayRemember(_ key: PushKey) -> Bool {
    pushesUnderWay.contains(key) || model.remembersIfFree(key, at: Date.nowInSeconds) ?? true
  }
}

extension Date {
  /// Seconds since 1970.
  static var nowInSeconds: Int { Int(now.timeIntervalSince1970) }
}
