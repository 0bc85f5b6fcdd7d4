import Optimizers

extension Registry {
  /// An optimizer in a phrase, such as `SGD(learning_rate 0.01) in SWA(start_averaging 0, average_period 10)`: of the
  /// inner one the learning rate and what differs from its defaults.
  func summary(of optimizer: any AveragingOptimizer) -> String {
    let config = print(optimizer)["config"]
    let inner = config?["optimizer"]
    let defaults = print(SWA(type(of: optimizer.inner).init()))["config"]?["optimizer"]?["config"]
    let innerFields = Self.members(of: inner?["config"]).filter {
      $0.name == "learning_rate" || $0.value != defaults?[$0.name]
    }
    let ownFields = Self.members(of: config).filter { $0.name != "optimizer" && $0.value != .string(optimizer.name) }
    return """
      \(type(of: optimizer.inner).className)(\(Self.list(innerFields))) in \
      \(type(of: optimizer).className)(\(Self.list(ownFields)))
      """
  }

  private static func members(of config: ConfigValue?) -> [ConfigValue.Member] {
    guard case .object(let members) = config else { return [] }
    return members.filter { $0.name != "name" }
  }

  private static func list(_ members: [ConfigValue.Member]) -> String {
    members.map { member in
      guard case .string(let className)? = member.value["class_name"] else { return "\(member.name) \(member.value)" }
      return "\(member.name) \(className)"
    }.joined(separator: ", ")
  }
}
