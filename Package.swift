// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "swa-server",
  products: [
    .executable(name: "swa-server", targets: ["swa-server"]),
    .executable(name: "swa-trainer", targets: ["swa-trainer"]),
    .library(name: "Tensors", targets: ["Tensors"]),
    .library(name: "Optimizers", targets: ["Optimizers"]),
    .library(name: "ModelStore", targets: ["ModelStore"]),
    .library(name: "HTTPServer", targets: ["HTTPServer"]),
    .library(name: "ParameterServer", targets: ["ParameterServer"]),
    .library(name: "ParameterClient", targets: ["ParameterClient"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
  ],
  targets: [
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CMath"),
    .systemLibrary(name: "CDigits"),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev", "pkg-config"])]),
    .systemLibrary(
      name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev", "pkg-config"])]),

    .target(name: "Locks", dependencies: ["CLinux"]),
    .target(name: "Processes"),
    .target(name: "Tensors", dependencies: ["CLinux", "Locks"]),
    .target(name: "Optimizers", dependencies: ["Tensors", "CMath"]),
    .target(name: "ModelStore", dependencies: ["Optimizers", "Tensors", "Locks", "CLinux"]),
    .target(name: "Sockets", dependencies: ["CLinux", "Locks"]),
    .target(name: "TLS", dependencies: ["Sockets", "COpenSSL"]),
    .target(name: "HTTPServer", dependencies: ["Sockets", "Locks", .httpTypes, .logging]),
    .target(
      name: "ParameterServer",
      dependencies: ["ModelStore", "Optimizers", "Tensors", "HTTPServer", "Locks", .httpTypes, .logging]),
    .target(name: "ParameterClient", dependencies: ["Tensors", "CCurl"]),
    .executableTarget(
      name: "swa-server",
      dependencies: [
        "ParameterServer", "ModelStore", "Optimizers", "Tensors", "HTTPServer", "Sockets", "TLS", "Locks",
        "Processes", .argumentParser, .logging,
      ],
      resources: [.embedInCode("openapi.yaml")]),
    .executableTarget(
      name: "swa-trainer", dependencies: ["ParameterClient", "Tensors", "Processes", "CDigits", .argumentParser]),

    .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
    .testTarget(name: "OptimizersTests", dependencies: ["Optimizers", "Tensors"]),
    .testTarget(name: "ModelStoreTests", dependencies: ["ModelStore", "Optimizers", "Tensors", "Locks"]),
    .testTarget(name: "HTTPServerTests", dependencies: ["HTTPServer", "Sockets", .httpTypes, .logging]),
    .testTarget(
      name: "ParameterServerTests",
      dependencies: [
        "ParameterServer", "ModelStore", "Optimizers", "Tensors", "HTTPServer", "Sockets", "Locks", .httpTypes,
        .logging,
      ],
      exclude: ["Fixtures"]),
    .testTarget(name: "ParameterClientTests", dependencies: ["ParameterClient", "Tensors", "swa-trainer"]),
    .testTarget(name: "CommandTests", dependencies: ["swa-server", .logging]),
  ]
)

// Built by deploy/fuzz.sh alone: it links with libFuzzer's main function.
if Context.environment["FUZZ"] == "1" {
  package.products.append(.library(name: "Fuzz", type: .static, targets: ["Fuzz"]))
  package.targets.append(
    .target(
      name: "Fuzz",
      dependencies: [
        "ParameterServer", "ModelStore", "Optimizers", "Tensors", "HTTPServer", "Sockets", .httpTypes, .logging,
      ],
      path: "Tests/Fuzz", exclude: ["Corpus"]))
}

extension Target.Dependency {
  static var argumentParser: Self { .product(name: "ArgumentParser", package: "swift-argument-parser") }
  static var logging: Self { .product(name: "Logging", package: "swift-log") }
  static var httpTypes: Self { .product(name: "HTTPTypes", package: "swift-http-types") }
}

for target in package.targets where target.type != .system {
  target.swiftSettings = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  ]
  // Not the default: a newer compiler's new warning must not break a user's build.
  if Context.environment["STRICT_BUILD"] == "1" {
    target.swiftSettings?.append(.treatAllWarnings(as: .error))
  }
}
