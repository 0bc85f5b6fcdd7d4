/// An inner optimizer that a measured server trains with.
struct BenchRule {
  let name: String
  /// Its configuration.
  let json: String

  static let momentum = BenchRule("momentum", "SGD", #""learning_rate":0.001,"momentum":0.9"#)

  /// Those that treat rows each in a way of its own.
  static let all = [
    BenchRule("sgd", "SGD"), momentum, BenchRule("adagrad", "Adagrad"), BenchRule("adadelta", "Adadelta"),
    BenchRule("adamax", "Adamax"), BenchRule("ftrl", "Ftrl"),
    BenchRule("rmsprop with momentum", "RMSprop", #""momentum":0.9"#), BenchRule("assign", "Assign"),
    BenchRule("rmsprop", "RMSprop"), BenchRule("nadam", "Nadam"), BenchRule("adam", "Adam"),
    BenchRule("adamw", "AdamW", #""weight_decay":0.01"#),
  ]

  private init(_ name: String, _ className: String, _ fields: String = "") {
    self.name = name
    json = #"{"class_name":"\#(className)","config":{\#(fields)}}"#
  }
}
