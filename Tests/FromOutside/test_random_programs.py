"""Random programs of pushes and changes, held against the optimizers in NumPy after every step."""

import copy
import json
import os

import numpy
import pytest
import safetensors

import reference
from reference import F, ROUNDING, Sparse
from server import problem
from tensors import BF16, encode, metadata

SEEDS = range(int(os.environ.get("PROGRAM_SEEDS", "2")))
STEPS = 24

# What each rule starts with, and what a PATCH may make of it.
RULES = {
    "SGD": ({"momentum": 0.0, "nesterov": False}, {"momentum": [0.0, 0.5, 0.9], "nesterov": [True, False]}),
    "Adam": (
        {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False},
        {"beta_1": [0.0, 0.5], "beta_2": [0.9], "epsilon": [1e-3]},
    ),
    "Adamax": ({"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}, {"beta_1": [0.5], "beta_2": [0.0, 0.9]}),
    "Nadam": ({"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "decay": 0.004}, {"beta_1": [0.5], "decay": [0.1]}),
    "RMSprop": (
        {"rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False},
        {"rho": [0.5], "momentum": [0.0, 0.5], "epsilon": [1e-3]},
    ),
    "Adagrad": ({"initial_accumulator_value": 0.1, "epsilon": 1e-7}, {"epsilon": [1e-3]}),
    "Adadelta": ({"rho": 0.95, "epsilon": 1e-7}, {"rho": [0.5, 0.0], "epsilon": [1e-3]}),
    "Ftrl": (
        {
            "learning_rate_power": -0.5,
            "initial_accumulator_value": 0.1,
            "l1_regularization_strength": 0.0,
            "l2_regularization_strength": 0.0,
            "l2_shrinkage_regularization_strength": 0.0,
            "beta": 0.0,
        },
        {
            "learning_rate_power": [-1.0, -0.5, -0.3],
            "l1_regularization_strength": [0.01],
            "l2_regularization_strength": [0.1],
            "l2_shrinkage_regularization_strength": [0.01],
            "beta": [0.1],
        },
    ),
    "AdamW": (
        {"weight_decay": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False},
        {"weight_decay": [0.0, 0.1], "beta_1": [0.5]},
    ),
    "Assign": ({}, {}),
}
# Variants that a PATCH can't reach.
VARIANTS = {
    "Nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "Amsgrad": ("Adam", {"amsgrad": True}),
    "AdamW of Keras": ("AdamW", {"amsgrad": True}),
    "centered RMSprop": ("RMSprop", {"centered": True}),
}
SCHEDULES = [
    ("PiecewiseConstantDecay", {"boundaries": [4, 11], "values": [0.25, 0.125, 0.0625]}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 12, "alpha": 0.1}),
    ("SWACyclical", {"max_learning_rate": 0.2, "min_learning_rate": 0.01, "cycle_length": 4}),
]
SHAPES = {"table": (6, 3), "bias": (5,), "gain": (), "none": (0, 2), "f64": (3, 2), "f16": (4, 2), "bf16": (7,)}
DTYPES = {"f64": "F64", "f16": "F16", "bf16": "BF16"}


class Program:
    """A model on the server and the same one in NumPy, changed by the same random steps."""

    def __init__(self, client, title, seed):
        self.client = client
        self.random = numpy.random.default_rng([seed, *title.encode()])
        rule, fields = VARIANTS.get(title, (title, {}))
        self.changes = RULES[rule][1]
        fields = copy.deepcopy(RULES[rule][0]) | fields
        if rule != "Assign":
            fields["learning_rate"] = 0.1
        names = list(SHAPES)
        self.random.shuffle(names)
        dtypes = {name: DTYPES.get(name, "F32") for name in names}
        variables = {name: self.value(SHAPES[name], dtypes[name]) for name in names}
        self.reference = reference.Optimizer(variables, dtypes, rule, **fields)
        self.reference.is_keras_adamw = title == "AdamW of Keras"
        if self.random.random() < 0.3:
            self.reference.wrapper = "MovingAverage"
            self.reference.wrapper_fields = {"average_decay": 0.9, "start_step": 0, "dynamic_decay": False}
        self.is_exact = True
        self.put_optimizer()
        order = {"order": json.dumps(names)}
        assert client.put("/v1/weights", data=self.file(variables, order)).status_code == 201

    def value(self, shape, dtype="F32"):
        T = numpy.float64 if dtype == "F64" else F
        return numpy.asarray(ROUNDING[dtype](self.random.standard_normal(shape).astype(T)))

    def choice(self, values):
        return values[self.random.integers(len(values))]

    def file(self, tensors, more=None):
        """Values in the model's own types."""
        stored = {}
        for name, value in tensors.items():
            dtype = self.reference.dtypes[name]
            stored[name] = {"F16": lambda x: x.astype("<f2"), "BF16": BF16}.get(dtype, lambda x: x)(numpy.asarray(value))
        return encode(stored, more)

    def put_optimizer(self):
        r = self.reference
        inner = {"class_name": r.rule, "config": r.fields}
        if r.is_keras_adamw:
            inner["module"] = "keras.optimizers"
        config = {"optimizer": inner, **r.wrapper_fields}
        assert self.client.put("/v1/optimizer", json={"class_name": r.wrapper, "config": config}).status_code == 200

    def patch(self, patch):
        assert self.client.patch("/v1/optimizer", json=patch).status_code == 200

    # Steps

    def push(self):
        r, tensors, gradients = self.reference, {}, {}
        for name, w in r.variables.items():
            form = self.random.random()
            if form < 0.25 and len(gradients) > 0:
                continue
            if form < 0.6 and w.ndim > 0 and w.shape[0] > 0:
                rows = self.random.integers(0, w.shape[0], self.random.integers(1, 6))
                values = self.value((len(rows), *w.shape[1:]), DTYPES.get(name, "F32"))
                tensors[f"{name}/indices"] = rows.astype(self.choice(["<i4", "<i8"]))
                tensors[f"{name}/values"] = values
                gradients[name] = Sparse(rows, values)
            else:
                tensors[name] = gradients[name] = self.value(w.shape, DTYPES.get(name, "F32"))
        receipt = self.client.post("/v1/gradients", data=encode(tensors)).json()
        assert receipt["snapshot"] == r.step(gradients)
        assert (receipt["iterations"], receipt["snapshots"]) == (r.iterations, r.count)

    def change(self):
        r = self.reference
        kind = self.choice(["rate", "rule", "wrapper", "clip", "average", "assign", "state", "weights", "refused", "put"])
        getattr(self, f"change_{kind}")()
        r.adopt_slots()

    def change_rate(self):
        if self.reference.rule == "Assign":
            return
        rate = float(self.choice([0.1, 0.03, 0.3]))
        if self.reference.rule != "Nadam" and self.random.random() < 0.4:
            name, config = self.choice(SCHEDULES)
            rate = {"class_name": name, "config": config}
        self.reference.fields["learning_rate"] = rate
        if self.random.random() < 0.5:
            self.patch({self.choice(["learning_rate", "lr"]): rate})
        else:
            self.patch({"optimizer": {"config": {"learning_rate": rate}}})

    def change_rule(self):
        for name in self.changes:
            if self.random.random() < 0.5:
                self.reference.fields[name] = self.choice(self.changes[name])
                self.patch({"optimizer": {"config": {name: self.reference.fields[name]}}})

    def change_wrapper(self):
        changes = {
            "SWA": {"average_period": [1, 2, 3, 5], "start_averaging": [0, 2, 9, 17]},
            "MovingAverage": {"average_decay": [0.5, 0.0, 1.0], "start_step": [0, 9], "dynamic_decay": [True, False]},
        }
        name = self.choice(list(changes[self.reference.wrapper]))
        self.reference.wrapper_fields[name] = self.choice(changes[self.reference.wrapper][name])
        self.patch({name: self.reference.wrapper_fields[name]})

    def change_clip(self):
        if self.reference.rule == "Assign":
            return
        name, other = self.choice([("clipvalue", None), ("clipnorm", "global_clipnorm"), ("global_clipnorm", "clipnorm")])
        value = self.choice([None, 0.5, 2.0])
        fields, at = self.choice(
            [(self.reference.wrapper_fields, lambda x: x), (self.reference.fields, lambda x: {"optimizer": {"config": x}})]
        )
        self.patch(at({name: value} | ({other: None} if other else {})))
        fields[name] = value
        if other:
            fields[other] = None
        # From here on sums of squares count, whose order is not the reference's.
        self.is_exact &= name == "clipvalue" or value is None

    def change_average(self):
        status = 204 if self.reference.average is not None else 404
        assert self.client.delete("/v1/weights/averaged").status_code == status
        self.reference.average, self.reference.count = None, 0

    def change_assign(self):
        names = [name for name in self.reference.variables if self.random.random() < 0.5]
        body = {"json": {"variables": names}} if names else {}
        response = self.client.post("/v1/weights/averaged/assign", **body)
        if self.reference.average is None:
            problem(response, 409, "no-average-yet")
            return
        for name in names or self.reference.variables:
            rounded = ROUNDING[self.reference.dtypes[name]](self.reference.average[name])
            self.reference.variables[name] = numpy.asarray(rounded)

    def change_state(self):
        """The state as it is, set again: everything goes on as if nothing had been."""
        before = self.client.get("/v1/weights").headers["Model-Epoch"]
        state = self.client.get("/v1/optimizer/weights")
        assert state.status_code == 200
        after = self.client.put("/v1/optimizer/weights", data=state.content)
        assert after.status_code == 200 and after.headers["Model-Epoch"] != before

    def change_weights(self):
        values = {name: self.value(SHAPES[name], DTYPES.get(name, "F32")) for name in SHAPES}
        assert self.client.put("/v1/weights", data=self.file(values)).status_code == 200
        self.reference.variables = {name: values[name] for name in self.reference.variables}

    def change_refused(self):
        patch = self.choice([{"average_period": 0, "lr": 0.5}, {"optimizer": {"config": {"learning_rate": -1}}}])
        problem(self.client.patch("/v1/optimizer", json=patch), 422, "invalid-optimizer")
        bad = {name: numpy.asarray(w) for name, w in self.reference.variables.items()}
        bad["bias"] = numpy.full_like(bad["bias"], numpy.nan)
        problem(self.client.post("/v1/gradients", data=encode(bad)), 422, "non-finite-gradient")

    def change_put(self):
        """A new optimizer with fresh state; the variables stay."""
        r = self.reference
        fresh = reference.Optimizer(r.variables, r.dtypes, r.rule, **r.fields)
        fresh.is_keras_adamw, fresh.wrapper, fresh.wrapper_fields = r.is_keras_adamw, r.wrapper, r.wrapper_fields
        self.reference = fresh
        self.put_optimizer()

    # Checks

    def compare(self, path, expected):
        response = self.client.get(path)
        assert response.status_code == 200, path
        found = {name: tensor for name, tensor in floats(response.content).items() if name in expected}
        assert found.keys() == expected.keys(), path
        for name, values in expected.items():
            tolerance = {"rtol": 0, "atol": 0}
            if not self.is_exact:
                half = {"F16": 2e-3, "BF16": 2e-2}.get(self.reference.dtypes[name], 0)
                tolerance = {"rtol": 2e-5 + half, "atol": 1e-6 + half}
            numpy.testing.assert_allclose(found[name], values, **tolerance, err_msg=f"{path} {name}")

    def check(self):
        r = self.reference
        self.compare("/v1/weights", r.variables)
        if r.average is None:
            problem(self.client.get("/v1/weights/averaged"), 404, "no-average-yet")
        else:
            self.compare("/v1/weights/averaged", r.average)

    def check_state(self):
        r = self.reference
        assert self.client.get("/v1/optimizer/slots").json() == ["average", *r.slots]
        for slot, values in r.slots.items():
            self.compare(f"/v1/optimizer/slots/{slot}", values)
        content = self.client.get("/v1/optimizer/weights").content
        names = ["iterations"] + (["momentum_cache"] if r.rule == "Nadam" else [])
        names += [f"average/{name}" for name in r.variables]
        if r.rule == "Ftrl":
            names += [f"{slot}/{name}" for name in r.variables for slot in r.slots]
        else:
            names += [f"{slot}/{name}" for slot in r.slots for name in r.variables]
        with_ordinals = [f"{ordinal:04}/{name}" for ordinal, name in enumerate(names)]
        state = floats(content)
        assert sorted(state) == with_ordinals
        assert state["0000/iterations"] == r.iterations
        assert metadata(content)["snapshots"] == str(r.count)
        assert self.client.status()["snapshots"] == r.count


def floats(content):
    """The tensors of a file, halves of both kinds widened."""
    tensors = {}
    for name, tensor in safetensors.deserialize(content):
        kind = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8"}[tensor["dtype"]]
        values = numpy.frombuffer(tensor["data"], kind).reshape(tensor["shape"])
        if tensor["dtype"] == "BF16":
            values = (values.astype("<u4") << 16).view("<f4")
        tensors[name] = values
    return tensors


@pytest.mark.parametrize("title", [*RULES, *VARIANTS])
def test_every_step_is_the_references(client, title):
    for seed in SEEDS:
        client.delete("/v1/weights")
        program = Program(client, title, seed)
        for _ in range(STEPS):
            if program.random.random() < 0.5:
                program.change()
                program.check()
            program.push()
            program.check()
        program.check_state()
