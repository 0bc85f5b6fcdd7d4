"""openapi.yaml's schemas of optimizers, class by class and field by field, against what the server takes and shows."""

import json
import math

import jsonschema
import numpy
import pytest

from server import SPECIFICATION, problem

SCHEMAS = SPECIFICATION.document["components"]["schemas"]
REQUIRED = {
    "AdamW": {"weight_decay": 0.01},
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5},
    "PiecewiseConstantDecay": {"boundaries": [3], "values": [0.1, 0.2]},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 5},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5},
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 5},
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 5},
    "TriangularCyclicalLearningRate": {"initial_learning_rate": 0.1, "maximal_learning_rate": 0.2, "step_size": 5},
    "Triangular2CyclicalLearningRate": {"initial_learning_rate": 0.1, "maximal_learning_rate": 0.2, "step_size": 5},
    "ExponentialCyclicalLearningRate": {"initial_learning_rate": 0.1, "maximal_learning_rate": 0.2, "step_size": 5},
    "SWACyclical": {"max_learning_rate": 0.1, "min_learning_rate": 0.01, "cycle_length": 5},
    "SWA": {"optimizer": "SGD"},
    "MovingAverage": {"optimizer": "SGD"},
}


def members(union):
    """The classes that a union of schemas lists."""
    return [choice["$ref"].split("/")[-1] for choice in SCHEMAS[union]["oneOf"]]


WRAPPERS, RULES, SCHEDULES = members("Wrapper"), members("Rule"), members("Schedule")


def properties(name):
    """The fields of a class, shared ones included."""
    config = SCHEMAS[name]["properties"]["config"]
    fields = dict(config["properties"])
    for part in config.get("allOf", []):
        fields |= SCHEMAS[part["$ref"].split("/")[-1]]["properties"]
    return fields


def document(name, config):
    """The body that puts a class with this configuration in its place, and the way to the configuration."""
    tree, way = {"class_name": name, "config": config}, "config"
    if name in SCHEDULES:
        tree, way = {"class_name": "SGD", "config": {"learning_rate": tree}}, "config.learning_rate.config"
    if name not in WRAPPERS:
        tree, way = {"class_name": "SWA", "config": {"optimizer": tree}}, f"config.optimizer.{way}"
    return tree, way


def shown(client, name):
    """What GET shows of a class of which nothing but what is required was given."""
    tree, way = document(name, REQUIRED.get(name, {}))
    node = client.put("/v1/optimizer", json=tree).json()
    for key in way.split("."):
        node = node[key]
    return node


def is_valid(tree):
    try:
        SPECIFICATION.validate(tree, ("components", "schemas", "OptimizerInput"))
    except jsonschema.ValidationError:
        return False
    return True


def resolved(schema):
    """The schema and what it refers to, as one mapping, for the bounds in it."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].split("/")[-1]] | schema
    for choice in schema.get("anyOf", []):
        schema = resolved(choice) | schema
    return schema


def candidates(schema):
    """Values of every kind, and those at the bounds of the schema and beside them, as far as float32 tells them apart."""
    yield from (None, True, False, "x", "0.5", [], ["x"], {}, -1, -0.25, 0, 0.25, 1, 1.5, 2, 7, 7.0, 1e30)
    yield from resolved(schema).get("enum", [])
    for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        bound = resolved(schema).get(key)
        if bound is not None:
            yield from (float(numpy.nextafter(numpy.float32(bound), numpy.float32(to))) for to in (-math.inf, math.inf))


@pytest.mark.parametrize("name", WRAPPERS + RULES + SCHEDULES)
def test_a_class_has_the_fields_of_its_schema(client, name):
    tree, way = document(name, REQUIRED.get(name, {}) | {"momentumm": 0.5})
    refused = problem(client.put("/v1/optimizer", json=tree), 422, "invalid-optimizer")
    assert refused["field"] == f"{way}.momentumm"
    assert set(refused["allowed"].removeprefix("one of ").split(", ")) == set(properties(name))
    assert not is_valid(tree)


@pytest.mark.parametrize("name", WRAPPERS + RULES + SCHEDULES)
def test_a_field_left_out_has_the_default_of_its_schema(client, name):
    found = shown(client, name)
    fields = properties(name)
    for field, schema in fields.items():
        if "default" in schema and field != "sequential_update":
            assert (field, found[field]) == (field, schema["default"])
    given = set(REQUIRED.get(name, {}))
    assert {field for field in found if field not in given} == {
        field for field, schema in fields.items() if "default" in schema and field not in ("sequential_update", *given)
    }
    required = set(SCHEMAS[name]["properties"]["config"].get("required", []))
    # The schema can't say that it depends on the module.
    assert given == required | ({"weight_decay"} if name == "AdamW" else set())
    for field in given:
        tree, way = document(name, {key: value for key, value in REQUIRED[name].items() if key != field})
        assert problem(client.put("/v1/optimizer", json=tree), 422, "invalid-optimizer")["field"] == f"{way}.{field}"


@pytest.mark.parametrize("name", WRAPPERS + RULES + SCHEDULES)
def test_a_field_takes_what_its_schema_takes(client, name):
    for field, schema in properties(name).items():
        if field == "optimizer":
            continue
        for value in candidates(schema):
            config = {key: kept for key, kept in REQUIRED.get(name, {}).items() if key != field} | {field: value}
            if field == "boundaries" and isinstance(value, list):
                config["values"] = [0.1] * (len(value) + 1)
            if field == "values" and isinstance(value, list):
                config["boundaries"] = list(range(max(len(value) - 1, 0)))
            tree, way = document(name, config)
            told = f"{name}.{field} {json.dumps(value)}"
            response = client.put("/v1/optimizer", json=tree)
            # No list of values is empty; the schema need not say so.
            if field == "values" and value == []:
                assert response.status_code == 422
                continue
            assert response.status_code == (200 if is_valid(tree) else 422), f"{told}: {response.text}"
            if response.status_code == 422:
                refused = problem(response, 422, "invalid-optimizer")
                # Of a value that is itself a configuration, the field in it that is wrong.
                assert refused["field"].startswith(f"{way}.{field}"), told
                assert refused["allowed"], told
                assert refused["field"] in refused["detail"] and refused["allowed"] in refused["detail"], told


@pytest.mark.parametrize("name", WRAPPERS + RULES + SCHEDULES)
def test_numbers_that_float32_has_not_are_refused(client, name):
    for field, schema in properties(name).items():
        if "number" in str(resolved(schema).get("type")):
            tree, way = document(name, REQUIRED.get(name, {}) | {field: math.copysign(1e39, -resolved(schema).get("maximum", -1))})
            refused = problem(client.put("/v1/optimizer", json=tree), 422, "invalid-optimizer")
            assert refused["field"] == f"{way}.{field}"


def test_unknown_classes_are_told_the_schemas(client):
    for name, classes in (("Lion", WRAPPERS + RULES), (None, RULES), ("", SCHEDULES)):
        if name == "Lion":
            tree = name
        elif name is None:
            tree = {"class_name": "SWA", "config": {"optimizer": "Lion"}}
        else:
            tree = {"class_name": "SGD", "config": {"learning_rate": {"class_name": "Warp", "config": {}}}}
        refused = problem(client.put("/v1/optimizer", json=tree), 422, "invalid-optimizer")
        assert set(refused["allowed"].removeprefix("one of ").split(", ")) == set(classes)
        assert not is_valid(tree)


@pytest.mark.parametrize("name", WRAPPERS + RULES + SCHEDULES)
def test_names_may_carry_the_package_that_keras_registers_them_under(client, name):
    for package in ("Addons>", "Custom>", ""):
        tree, _ = document(name, REQUIRED.get(name, {}))
        node = tree
        while node["class_name"] != name:
            node = node["config"]["optimizer" if node["class_name"] == "SWA" else "learning_rate"]
        node["class_name"] = package + name
        assert is_valid(tree)
        assert client.put("/v1/optimizer", json=tree).status_code == 200
