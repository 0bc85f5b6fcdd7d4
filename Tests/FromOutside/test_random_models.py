"""Models of any types and shapes, empty ones among them: JSON and safetensors give the same model and the same bytes."""

import os
import random

import numpy
import pytest

from server import Client
from tensors import NUMPY_TYPES, encode

MODELS = 400 if "LONG_TESTS" in os.environ else 40
FLOATS = ["F64", "F32", "F16"]
SHAPES = [(), (1,), (3,), (2, 2), (5, 1), (0,), (0, 3), (3, 0)]
RULES = ["sgd", "adam", "adamax", "nadam", "rmsprop", "adagrad", "adadelta", "ftrl"]


def value(source, dtype, shape):
    """A tensor of numbers that each type holds exactly."""
    count = int(numpy.prod(shape))
    if dtype in FLOATS:
        numbers = [source.randrange(-64, 65) / 32 for _ in range(count)]
    else:
        numbers = [source.randrange(0, 2 if dtype == "BOOL" else 100) for _ in range(count)]
    return numpy.array(numbers, dtype=NUMPY_TYPES[dtype]).reshape(shape)


def text(member, tensors):
    """The tensors as a JSON body."""
    names = {numpy.dtype(code): name for name, code in NUMPY_TYPES.items()}
    return {
        member: {
            name: {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data": tensor.ravel().tolist()}
            for name, tensor in tensors.items()
        }
    }


def put(clients, method, path, member, tensors, **fields):
    """Sends the tensors as JSON to one server and as a file to the other: the same status, which is answered."""
    jsons, files = clients
    kind = {"Content-Type": "application/octet-stream"}
    first = jsons.request(method, path, json=text(member, tensors), headers=fields)
    second = files.request(method, path, data=encode(tensors), headers=fields | kind)
    assert first.status_code == second.status_code, (first.text, second.text)
    if not first.ok:
        assert first.json()["type"] == second.json()["type"], (first.text, second.text)
    return first.status_code


@pytest.mark.parametrize("seed", range(4))
def test_json_and_safetensors_make_the_same_model(start, seed):
    source = random.Random(seed)
    clients = [Client(start()), Client(start())]
    pushes = 0
    for _ in range(MODELS // 4):
        names = source.sample(["a", "b", "c", "d", "e", "g/h", "é"], source.randint(1, 5))
        types = {name: source.choice(list(NUMPY_TYPES)) for name in names}
        shapes = {name: source.choice(SHAPES) for name in names}
        untrained = source.sample(names, source.randint(0, 1))
        rule = source.choice(RULES)
        for client in clients:
            client.delete("/v1/weights")
            assert client.put("/v1/optimizer", json=rule).status_code == 200
            assert client.patch("/v1/optimizer", json={"average_period": 2}).status_code == 200
        # A file's tensors are in its own order, those of a text by name.
        tensors = {name: value(source, types[name], shapes[name]) for name in sorted(names, key=str.encode)}
        query = "".join(f"?non_trainable={name}" for name in untrained)
        assert put(clients, "PUT", "/v1/weights" + query, "variables", tensors) == 201
        for _ in range(3):
            pushed = source.sample(names, source.randint(1, len(names)))
            gradients = {name: value(source, types[name], shapes[name]) for name in pushed}
            pushes += put(clients, "POST", "/v1/gradients", "gradients", gradients) == 200
        replaced = {name: value(source, types[name], shapes[name]) for name in names}
        assert put(clients, "PUT", "/v1/weights", "variables", replaced) == 200
        pushes += put(clients, "POST", "/v1/gradients", "gradients", gradients) == 200
        assigned = {name: value(source, types[name], shapes[name]) for name in names if types[name] not in FLOATS}
        if assigned:
            put(clients, "PUT", "/v1/weights/averaged", "variables", assigned, **{"If-Match": "*"})
        for path in (
            *("/v1/weights", "/v1/weights?dtype=F16", "/v1/weights?dtype=F64&format=json", "/v1/weights?format=json"),
            *("/v1/weights/averaged", "/v1/weights/averaged?format=json", "/v1/optimizer/weights"),
        ):
            first, second = (client.get(path) for client in clients)
            assert first.status_code == second.status_code < 500, (path, first.text, second.text)
            if not first.ok or "json" in path:
                continue
            assert numpy.array_equal(body(first.content), body(second.content)), (path, types, shapes)
    assert pushes > 5


def body(content):
    """A file's data."""
    length = int.from_bytes(content[:8], "little")
    return numpy.frombuffer(content, "u1", offset=8 + length)
