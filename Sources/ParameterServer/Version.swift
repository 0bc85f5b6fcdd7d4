/// The version of this software (Semantic Versioning 2.0.0).
public let version = "0.1.0"
