import HTTPTypes

/// The table of contents of the interface, in the order of openapi.yaml.
enum Routes {
  static let healthPath = "/healthz"

  static let all: [Route] = [
    Route(.get, healthPath, .none, nil, health),
    Route(.get, "/readyz", .none, nil, readiness),
    Route(.get, "/openapi.yaml", .none, nil, specification),
    Route(.get, "/", .none, nil, overview),
    Route(.get, "/v1/status", .reader, [], status),
    Route(.get, "/v1/trainers", .reader, [], trainers),
    Route(.get, "/v1/variables", .reader, [], variables),
    Route(.get, "/v1/weights", .reader, Selection.parameters, weights),
    Route(.put, "/v1/weights", .admin, ["non_trainable"], creator: .trainer, putWeights),
    Route(.delete, "/v1/weights", .admin, [], dropModel),
    Route(.get, "/v1/weights/averaged", .reader, Selection.parameters, averagedWeights),
    Route(.put, "/v1/weights/averaged", .trainer, [], putAverage),
    Route(.delete, "/v1/weights/averaged", .admin, [], dropAverage),
    Route(.post, "/v1/weights/averaged/assign", .admin, [], assignAverage),
    Route(.post, "/v1/gradients", .trainer, ["aggregate", "dry_run"] + Selection.parameters, pushGradients),
    Route(.get, "/v1/optimizer", .reader, [], optimizer),
    Route(.put, "/v1/optimizer", .admin, [], putOptimizer),
    Route(.patch, "/v1/optimizer", .admin, [], patchOptimizer),
    Route(.get, "/v1/optimizer/weights", .reader, ["format"], optimizerWeights),
    Route(.put, "/v1/optimizer/weights", .admin, [], putOptimizerWeights),
    Route(.get, "/v1/optimizer/slots", .reader, [], slotNames),
    Route(.get, "/v1/optimizer/slots/{slot}", .reader, Selection.parameters, slot),
    Route(.get, "/v1/checkpoints", .admin, [], checkpoints),
    Route(.post, "/v1/checkpoints", .admin, [], writeCheckpoint),
    Route(.get, "/v1/checkpoints/{id}", .admin, [], checkpoint),
    Route(.post, "/v1/checkpoints/{id}/restore", .admin, [], restoreCheckpoint),
  ]
}
