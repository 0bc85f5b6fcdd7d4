import Optimizers
import Testing

/// Every class with every field: its default, values that it takes, and values that it refuses.
struct FieldTableTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let className: String
    let field: String
    /// What GET shows when the field was left out; nil for what it does not show, or for a required field.
    let standard: ConfigValue?
    let taken: [ConfigValue]
    let refused: [ConfigValue]

    init(
      _ className: String, _ field: String, _ standard: ConfigValue?, takes taken: [ConfigValue],
      refuses refused: [ConfigValue]
    ) {
      self.className = className
      self.field = field
      self.standard = standard
      self.taken = taken
      self.refused = refused
    }

    var testDescription: String { "\(className).\(field)" }
  }

  /// Fields that a class has no default for.
  static let required: [String: ConfigValue] = [
    "AdamW": ["weight_decay": 0.01],
    "ExponentialDecay": ["initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5],
    "InverseTimeDecay": ["initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5],
    "PiecewiseConstantDecay": ["boundaries": [3, 6], "values": [0.1, 0.2, 0.3]],
    "PolynomialDecay": ["initial_learning_rate": 0.1, "decay_steps": 5],
    "CosineDecay": ["initial_learning_rate": 0.1, "decay_steps": 5],
    "CosineDecayRestarts": ["initial_learning_rate": 0.1, "first_decay_steps": 5],
    "TriangularCyclicalLearningRate": cycle, "Triangular2CyclicalLearningRate": cycle,
    "ExponentialCyclicalLearningRate": cycle,
    "SWACyclical": ["max_learning_rate": 0.1, "min_learning_rate": 0.01, "cycle_length": 5],
  ]
  static let cycle: ConfigValue = ["initial_learning_rate": 0.1, "maximal_learning_rate": 0.2, "step_size": 5]

  static let notNumbers: [ConfigValue] = ["0.1", true, [0.1], .number(.nan), .number(.infinity)]
  static let belowOne: [ConfigValue] = [-0.1, 1, 1.5, nil, 0.99999999999] + notNumbers
  static let unit: [ConfigValue] = [-0.1, 1.5, 2, nil] + notNumbers
  static let nonNegative: [ConfigValue] = [-0.1, -1, nil] + notNumbers
  static let positive: [ConfigValue] = [0, -1, 0.0, nil] + notNumbers
  static let flags: [ConfigValue] = [0, 1, "true", nil]

  static let inner = ["SGD", "Adam", "Adamax", "Nadam", "RMSprop", "Adagrad", "Adadelta", "Ftrl", "AdamW"]
  static let moments = ["Adam", "AdamW", "Adamax", "Nadam"]

  static var innerRows: [Row] {
    var rows: [Row] = []
    for name in inner {
      let rate: ConfigValue = name == "SGD" ? 0.01 : 0.001
      let tooLow: [ConfigValue] = name == "Ftrl" ? [0] : []
      rows.append(
        Row(name, "learning_rate", rate, takes: [0.5, 1], refuses: [-0.1, 1e300, nil, "0.1", true] + tooLow))
      rows.append(
        Row(name, "decay", name == "Nadam" ? 0.004 : 0.0, takes: [0, 0.5], refuses: nonNegative))
      for clip in ["clipnorm", "clipvalue", "global_clipnorm"] {
        rows.append(Row(name, clip, nil, takes: [nil, 0.5, 3], refuses: [0, -1] + notNumbers))
      }
      rows.append(Row(name, "name", .string(name), takes: ["x"], refuses: [1, nil]))
      rows.append(Row(name, "use_ema", nil, takes: [false, nil], refuses: [true, 0]))
      rows.append(Row(name, "loss_scale_factor", nil, takes: [nil], refuses: [1, 0.5]))
      rows.append(Row(name, "gradient_accumulation_steps", nil, takes: [nil], refuses: [2]))
      if name != "SGD" && name != "Ftrl" {
        rows.append(Row(name, "epsilon", 1e-7, takes: [1e-3, nil], refuses: [-1] + notNumbers))
      }
      if name != "AdamW" { rows.append(Row(name, "weight_decay", nil, takes: [nil, 0], refuses: [0.1])) }
    }
    for name in moments {
      rows.append(Row(name, "beta_1", 0.9, takes: [0, 0.5], refuses: belowOne))
      rows.append(Row(name, "beta_2", 0.999, takes: [0, 0.5], refuses: belowOne))
    }
    return rows
  }

  static let ruleRows: [Row] = [
    Row("SGD", "momentum", 0.0, takes: [0, 0.9, 1], refuses: unit),
    Row("SGD", "nesterov", false, takes: [true], refuses: flags),
    Row("Adam", "amsgrad", false, takes: [true], refuses: flags),
    Row("AdamW", "amsgrad", false, takes: [true], refuses: flags),
    Row("AdamW", "weight_decay", nil, takes: [0, 0.5], refuses: nonNegative),
    Row("AdamW", "exclude_from_weight_decay", nil, takes: [nil], refuses: [["bias"]]),
    Row("RMSprop", "rho", 0.9, takes: [0, 0.5], refuses: belowOne),
    Row("RMSprop", "momentum", 0.0, takes: [0, 1], refuses: unit),
    Row("RMSprop", "centered", false, takes: [true], refuses: flags),
    Row("Adagrad", "initial_accumulator_value", 0.1, takes: [0, 3], refuses: nonNegative),
    Row("Adadelta", "rho", 0.95, takes: [0, 0.5], refuses: belowOne),
    Row("Ftrl", "learning_rate_power", -0.5, takes: [0, -1], refuses: [0.1, nil] + notNumbers),
    Row("Ftrl", "initial_accumulator_value", 0.1, takes: [0, 3], refuses: nonNegative),
    Row("Ftrl", "l1_regularization_strength", 0.0, takes: [0.5], refuses: nonNegative),
    Row("Ftrl", "l2_regularization_strength", 0.0, takes: [0.5], refuses: nonNegative),
    Row("Ftrl", "l2_shrinkage_regularization_strength", 0.0, takes: [0.5], refuses: nonNegative),
    Row("Ftrl", "beta", 0.0, takes: [0.5], refuses: nonNegative),
    Row("Assign", "name", "Assign", takes: ["x"], refuses: [1]),
  ]

  static let wrapperRows: [Row] = [
    Row("SWA", "start_averaging", 0, takes: [7], refuses: [-1, 0.5, "1", nil, true]),
    Row("SWA", "average_period", 10, takes: [1], refuses: [0, -1, 0.5, nil]),
    Row("SWA", "sequential_update", nil, takes: [true, false], refuses: flags),
    Row("SWA", "clipnorm", nil, takes: [nil, 1], refuses: [0, -1] + notNumbers),
    Row("SWA", "clipvalue", nil, takes: [nil, 1], refuses: [0, -1] + notNumbers),
    Row("SWA", "global_clipnorm", nil, takes: [nil, 1], refuses: [0, -1] + notNumbers),
    Row("SWA", "decay", nil, takes: [0, 0.5], refuses: nonNegative),
    Row("SWA", "lr", nil, takes: [0, 0.5], refuses: [-1, nil, "x"]),
    Row("SWA", "name", "SWA", takes: ["x"], refuses: [1]),
    Row("MovingAverage", "average_decay", 0.99, takes: [0, 1, 0.5], refuses: unit),
    Row("MovingAverage", "num_updates", nil, takes: [nil, 0, 5], refuses: [-1, 0.5, true]),
    Row("MovingAverage", "start_step", 0, takes: [5], refuses: [-1, 0.5, nil]),
    Row("MovingAverage", "dynamic_decay", false, takes: [true], refuses: flags),
    Row("MovingAverage", "clipnorm", nil, takes: [nil, 1], refuses: [0, -1] + notNumbers),
  ]

  static var scheduleRows: [Row] {
    var rows = [
      Row("ExponentialDecay", "staircase", false, takes: [true], refuses: flags),
      Row("ExponentialDecay", "decay_rate", nil, takes: [0, 2], refuses: nonNegative),
      Row("InverseTimeDecay", "staircase", false, takes: [true], refuses: flags),
      Row("InverseTimeDecay", "decay_rate", nil, takes: [0, 2], refuses: nonNegative),
      Row(
        "PiecewiseConstantDecay", "boundaries", nil, takes: [[1, 2.5]], refuses: [[2, 1], [2, 2], [1], 3, ["a", 2]]),
      Row("PiecewiseConstantDecay", "values", nil, takes: [[0, 1, 2]], refuses: [[1, 2], [1, 2, -1], 0.1, nil]),
      Row("PolynomialDecay", "end_learning_rate", 0.0001, takes: [0, 1], refuses: nonNegative),
      Row("PolynomialDecay", "power", 1.0, takes: [0, 2], refuses: nonNegative),
      Row("PolynomialDecay", "cycle", false, takes: [true], refuses: flags),
      Row("CosineDecay", "alpha", 0.0, takes: [0.5], refuses: nonNegative),
      Row("CosineDecay", "warmup_target", nil, takes: [nil, 0.5], refuses: [-1] + notNumbers),
      Row("CosineDecay", "warmup_steps", 0.0, takes: [3], refuses: nonNegative),
      Row("CosineDecayRestarts", "first_decay_steps", nil, takes: [3], refuses: positive),
      Row("CosineDecayRestarts", "t_mul", 2.0, takes: [1, 1.5], refuses: [0.5, 0, nil] + notNumbers),
      Row("CosineDecayRestarts", "m_mul", 1.0, takes: [0, 1.5], refuses: nonNegative),
      Row("CosineDecayRestarts", "alpha", 0.0, takes: [0.5], refuses: nonNegative),
      Row("ExponentialCyclicalLearningRate", "gamma", 1.0, takes: [0, 2], refuses: nonNegative),
      Row("SWACyclical", "max_learning_rate", nil, takes: [0, 1], refuses: nonNegative),
      Row("SWACyclical", "min_learning_rate", nil, takes: [0, 1], refuses: nonNegative),
      Row("SWACyclical", "cycle_length", nil, takes: [1, 5], refuses: [0, -1, 0.5, nil]),
    ]
    for name in required.keys where name != "AdamW" && name != "SWACyclical" && name != "PiecewiseConstantDecay" {
      rows.append(Row(name, "initial_learning_rate", nil, takes: [0, 1], refuses: nonNegative))
    }
    for name in ["ExponentialDecay", "InverseTimeDecay", "PolynomialDecay", "CosineDecay"] {
      rows.append(Row(name, "decay_steps", nil, takes: [1, 2.5], refuses: positive))
    }
    for name in ["Triangular", "Triangular2", "Exponential"] {
      let name = name + "CyclicalLearningRate"
      let mode: ConfigValue = name.hasPrefix("Exponential") ? "iterations" : "cycle"
      rows.append(Row(name, "scale_mode", mode, takes: ["cycle", "iterations"], refuses: ["Cycle", 1, nil]))
      rows.append(Row(name, "step_size", nil, takes: [1, 2.5], refuses: positive))
      rows.append(Row(name, "maximal_learning_rate", nil, takes: [0, 1], refuses: nonNegative))
    }
    return rows
  }

  @Test(arguments: innerRows + ruleRows + wrapperRows + scheduleRows)
  func eachFieldTakesItsRangeAndNothingElse(row: Row) throws {
    let place = Place(row.className)
    let shown = try place.printed(Self.required[row.className] ?? [:])[row.field]
    #expect(row.standard == nil || shown == row.standard, "default \(String(describing: shown))")
    for value in row.taken { _ = try place.printed(place.config.with(row.field, value)) }
    for value in row.refused {
      let error = #expect(throws: ConfigurationError.self, "\(value)") {
        try place.printed(place.config.with(row.field, value))
      }
      #expect(error?.field.hasSuffix(row.field) == true || row.className == "PiecewiseConstantDecay", "\(value)")
      #expect(error?.allowed.isEmpty == false)
    }
  }

  @Test(arguments: Place.all)
  func unknownFieldsAreNamedWithTheKnownOnes(className: String) throws {
    let place = Place(className)
    let error = #expect(throws: ConfigurationError.self) { try place.printed(place.config.with("momentumm", 0.5)) }
    #expect(error?.field == "\(place.path).momentumm")
    #expect(error?.allowed.contains("name") == true)
  }

  @Test(arguments: Place.all)
  func whatGetShowsPutTakesUnchanged(className: String) throws {
    let place = Place(className)
    let registry = Registry.standard
    let shown = try registry.print(registry.optimizer(from: place.tree(place.config)).optimizer)
    #expect(try registry.print(registry.optimizer(from: shown).optimizer) == shown)
  }

  @Test
  func everyClassHasItsRows() {
    let rows = Self.innerRows + Self.ruleRows + Self.wrapperRows + Self.scheduleRows
    #expect(Set(rows.map(\.className)) == Set(Place.all))
  }
}
