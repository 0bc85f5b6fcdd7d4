import Optimizers
import Testing

/// What configurations mean beyond single fields.
struct ConfigurationTests {
  private func refusal(of value: ConfigValue) -> ConfigurationError? {
    #expect(throws: ConfigurationError.self) { try Registry.standard.optimizer(from: value) }
  }

  private func read(_ value: ConfigValue) throws -> (optimizer: any AveragingOptimizer, warnings: [String]) {
    try Registry.standard.optimizer(from: value)
  }

  @Test
  func unknownClassesAreNamedWithTheKnownOnes() {
    for (value, field) in [
      ("Lion", "class_name"), (.make("SWA", ["optimizer": "Lion"]), "config.optimizer.class_name"),
      (
        .make("SWA", ["optimizer": .make("SGD", ["learning_rate": .make("Warp", [:])])]),
        "config.optimizer.config.learning_rate.class_name"
      ),
    ] as [(ConfigValue, String)] {
      let error = refusal(of: value)
      #expect(error?.field == field)
      #expect(error?.allowed.contains("one of ") == true)
    }
  }

  @Test
  func aBareOptimizerIsWrappedInSWA() throws {
    for (value, className) in [("adam", "Adam"), (.make("Ftrl", [:]), "Ftrl")] as [(ConfigValue, String)] {
      let optimizer = try read(value).optimizer
      #expect(optimizer is SWA)
      #expect(type(of: optimizer.inner).className == className)
    }
  }

  @Test
  func clipnormExcludesGlobalClipnorm() {
    for value in [
      .make("SWA", ["optimizer": "SGD", "clipnorm": 1, "global_clipnorm": 2]),
      .make("SGD", ["clipnorm": 1, "global_clipnorm": 2]),
    ] as [ConfigValue] {
      #expect(refusal(of: value)?.field.hasSuffix("global_clipnorm") == true)
    }
  }

  @Test
  func nadamHasNeitherScheduleNorDecayOfTheRate() throws {
    let schedule = ConfigValue.make("CosineDecay", ["initial_learning_rate": 0.1, "decay_steps": 5])
    #expect(refusal(of: .make("Nadam", ["learning_rate": schedule]))?.field == "config.learning_rate")
    #expect(refusal(of: .make("SWA", ["optimizer": "Nadam", "lr": schedule]))?.field == "config.lr")
    #expect(refusal(of: .make("SWA", ["optimizer": "Nadam", "decay": 0.1]))?.field == "config.decay")
    #expect(try (read(.make("Nadam", ["decay": 0.5])).optimizer.inner as? Nadam)?.scheduleDecay == 0.5)
  }

  @Test
  func assignHasNothingToClipAndNoRate() {
    for name in ["clipnorm", "clipvalue", "global_clipnorm"] {
      let outer = refusal(of: .make("SWA", ["optimizer": "Assign"] as ConfigValue).setting(name, 1))
      #expect(outer?.field == "config.\(name)")
      #expect(refusal(of: .make("Assign", ConfigValue.object([]).with(name, 1)))?.field == "config.\(name)")
    }
    #expect(refusal(of: .make("Assign", ["learning_rate": 1]))?.field == "config.learning_rate")
  }

  @Test
  func theWrappersRateAndDecayAreTheInnerOnes() throws {
    let optimizer = try read(.make("SWA", ["optimizer": "Adam", "lr": 0.5, "decay": 0.25])).optimizer
    #expect(optimizer.inner.settings.learningRate.value(at: 0) == 0.5)
    #expect(optimizer.inner.settings.decay == 0.25)
  }

  @Test
  func kerasOwnAdamWScalesItsDecay() throws {
    #expect(refusal(of: "AdamW")?.field == "config.weight_decay")
    let keras = try read(.make("AdamW", [:], module: "keras.optimizers")).optimizer
    let rule = try #require(keras.inner as? AdamW)
    #expect(rule.scalesDecayByRate && rule.weightDecay == 0.004)
    let again = try read(Registry.standard.print(keras)).optimizer.inner as? AdamW
    #expect(again?.scalesDecayByRate == true)
    let addons = try read(.make("AdamW", ["weight_decay": 0.1])).optimizer.inner as? AdamW
    #expect(addons?.scalesDecayByRate == false)
  }

  @Test
  func newerKerasClassesWithOtherRulesWarn() throws {
    for name in ["Nadam", "RMSprop", "Adagrad"] {
      let newer: ConfigValue = [
        "is_legacy_optimizer": false, "weight_decay": nil, "use_ema": false, "ema_momentum": 0.99,
      ]
      #expect(try read(.make(name, newer)).warnings.count == 1)
      #expect(try read(.make(name, [:], module: "keras.optimizers")).warnings.count == 1)
      #expect(try read(.make(name, [:], module: "keras.optimizers.legacy")).warnings.isEmpty)
    }
    #expect(try read(.make("Adam", [:], module: "keras.optimizers")).warnings.isEmpty)
  }

  @Test
  func theGeneralCyclicalScheduleNamesTheThree() {
    let schedule = ConfigValue.make("Addons>CyclicalLearningRate", [:])
    let allowed = refusal(of: .make("SGD", ["learning_rate": schedule]))?.allowed
    for name in ["Triangular", "Triangular2", "Exponential"] {
      #expect(allowed?.contains(name + "CyclicalLearningRate") == true)
    }
  }

  @Test
  func aScheduleIsReplacedWholeByAPatch() throws {
    let registry = Registry.standard
    let cosine = ConfigValue.make("CosineDecay", ["initial_learning_rate": 0.1, "decay_steps": 5])
    let optimizer = try read(.make("SGD", ["learning_rate": cosine])).optimizer
    let number = try registry.patch(optimizer, with: ["learning_rate": 0.5]).optimizer
    #expect(number.inner.settings.learningRate.value(at: 3) == 0.5)
    let other = ConfigValue.make("SWACyclical", ["max_learning_rate": 1, "min_learning_rate": 0, "cycle_length": 4])
    let cycle = try registry.patch(optimizer, with: ["lr": other]).optimizer.inner.settings.learningRate
    #expect((0..<5).map { cycle.value(at: $0) } == [0.75, 0.5, 0.25, 0, 0.75])
    let restored = try registry.patch(optimizer, with: ["learning_rate": nil]).optimizer
    #expect(restored.inner.settings.learningRate.value(at: 3) == 0.01)
  }

  @Test
  func whatDecidesTheRulesStateCannotBePatched() throws {
    for (rule, field) in [("Adam", "amsgrad"), ("RMSprop", "centered")] as [(ConfigValue, String)] {
      let optimizer = try read(rule).optimizer
      let patch: ConfigValue = ["optimizer": ["config": ConfigValue.object([]).with(field, true)]]
      let error = #expect(throws: ConfigurationError.self) { try Registry.standard.patch(optimizer, with: patch) }
      #expect(error?.isNotPatchable == true)
      #expect(error?.field == "config.optimizer.config.\(field)")
    }
  }

  @Test
  func numbersBeyondFloat64StayJSON() throws {
    let text = Array("[1,-1e5888,2e308]".utf8)
    let written = JSONConfiguration.text(of: try JSONConfiguration.value(of: text.span))
    #expect(String(decoding: written, as: UTF8.self) == "[1,-1e999,1e999]")
    let rate = try JSONConfiguration.value(of: Array("1e999".utf8).span)
    #expect(refusal(of: .make("SGD", ["learning_rate": rate]))?.field == "config.learning_rate")
  }
}

extension ConfigValue {
  /// This whole configuration with a field of its `config` set.
  fileprivate func setting(_ name: String, _ value: ConfigValue) -> ConfigValue {
    with("config", (self["config"] ?? [:]).with(name, value))
  }
}
