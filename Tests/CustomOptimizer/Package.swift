// swift-tools-version: 6.2
import PackageDescription

// What README.md shows in Swift, in a package of its own: an optimizer, served and timed, and training without a server.
let package = Package(
  name: "CustomOptimizer",
  dependencies: [
    .package(name: "swa-server", path: "../.."),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    .target(name: "Lion", dependencies: [.swaServer("Optimizers"), .swaServer("Tensors")]),
    .executableTarget(
      name: "LionServer",
      dependencies: [
        "Lion", .swaServer("ParameterServer"), .swaServer("HTTPServer"), .swaServer("ModelStore"),
        .swaServer("Optimizers"), .swaServer("Tensors"), .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(
      name: "LocalTraining", dependencies: [.swaServer("ModelStore"), .swaServer("Optimizers"), .swaServer("Tensors")]),
    .executableTarget(
      name: "LionSpeed", dependencies: ["Lion", .swaServer("Optimizers"), .swaServer("Tensors")]),
  ]
)

extension Target.Dependency {
  static func swaServer(_ product: String) -> Self { .product(name: product, package: "swa-server") }
}
