import ArgumentParser

/// What can be measured.
enum BenchTopic: String, CaseIterable, ExpressibleByArgument {
  /// Pushes of gradients, pulls of weights, and both in one round trip, over sizes and numbers of clients.
  case push, pull, exchange
  /// 10 KB on 8 connections.
  case small
  /// Ten thousand variables beside one of the same size.
  case tensors
  /// A push that takes a snapshot beside one that does not.
  case averaging
  /// Pushes of 1,000 rows into a table of 256 MB beside the same into one of 2.6 MB, by each rule.
  case sparse
  /// Small GETs while another client pushes 102 MB back to back.
  case mixed
  /// Pushes while four clients read slowly.
  case slowReaders = "slow-readers"
  /// Push and pull from 1 MB to 1 GB.
  case growth
  /// Peak resident memory.
  case memory
  /// The optimizers' loops against memory copy.
  case kernels
  /// From the start of the process to its first answer.
  case start
}
