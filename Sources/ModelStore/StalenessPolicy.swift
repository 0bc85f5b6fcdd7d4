/// What becomes of a push whose gradient was computed at weights that are some steps behind.
public enum StalenessPolicy: Sendable, Equatable {
  /// It is applied as it is.
  case accept
  /// It is refused when it is more steps behind than this.
  case reject(beyond: Int)
  /// Its learning rate is divided by 1 + staleness.
  case scale

  /// What the learning rate is divided by.
  func rateDivisor(atStaleness staleness: Int?) -> Float {
    guard case .scale = self, let staleness else { return 1 }
    return Float(1 + staleness)
  }
}
