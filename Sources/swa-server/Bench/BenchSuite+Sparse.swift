/// Sparse gradients: what a push takes must not grow with the table, unless its rule changes all rows at each step.
extension BenchSuite {
  func measureSparsePushes() throws(Failure) {
    guard target == nil else { return }
    for rule in BenchRule.all {
      let (large, small) = (BenchShape.table(1_000_000, of: 64), BenchShape.table(10_000, of: 64))
      let (serverOfLarge, serverOfSmall) = (try server(large, rule: rule), try server(small, rule: rule))
      let subject = BenchMeasurement.Subject("1,000 rows by \(rule.name) against into 10,000 rows", large, clients: 1)
      try hold(
        subject,
        try BenchClients(1, sending: BenchRequest(kind: .sparsePush, shape: large), to: serverOfLarge.address),
        against: try BenchClients(1, sending: BenchRequest(kind: .sparsePush, shape: small), to: serverOfSmall.address))
      withExtendedLifetime((serverOfLarge, serverOfSmall)) {}
    }
  }
}
