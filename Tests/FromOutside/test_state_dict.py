"""The state_dict of a ResNet-18 of PyTorch, names, shapes and types, from its creation to recomputed statistics."""

import numpy
import pytest
import safetensors.numpy

from npz import npz
from server import problem

STAGES = [64, 128, 256, 512]


def convolution(name, outputs, inputs, size):
    yield f"{name}.weight", (outputs, inputs, size, size)


def normalization(name, width):
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{part}", (width,)
    yield f"{name}.num_batches_tracked", ()


def resnet18():
    """The names and shapes in torchvision's order."""
    yield from convolution("conv1", 64, 3, 7)
    yield from normalization("bn1", 64)
    for stage, width in enumerate(STAGES, 1):
        for block in range(2):
            name = f"layer{stage}.{block}"
            inputs = STAGES[stage - 2] if stage > 1 and block == 0 else width
            yield from convolution(f"{name}.conv1", width, inputs, 3)
            yield from normalization(f"{name}.bn1", width)
            yield from convolution(f"{name}.conv2", width, width, 3)
            yield from normalization(f"{name}.bn2", width)
            if inputs != width:
                yield from convolution(f"{name}.downsample.0", width, inputs, 1)
                yield from normalization(f"{name}.downsample.1", width)
    yield "fc.weight", (1000, 512)
    yield "fc.bias", (1000,)


SHAPES = dict(resnet18())
TRACKED = [name for name in SHAPES if name.endswith("num_batches_tracked")]
RUNNING = [name for name in SHAPES if ".running_" in name]


def state_dict():
    random = numpy.random.default_rng(18)
    state = {name: random.standard_normal(shape, "f4") for name, shape in SHAPES.items()}
    return state | {name: numpy.array(0) for name in TRACKED}


def statistics(k):
    """What a forward pass leaves in the buffers: of push `k`."""
    running = {name: numpy.full(SHAPES[name], k / 8, "<f4") for name in RUNNING}
    return running | {name: numpy.array(k) for name in TRACKED}


def load(response):
    assert response.status_code == 200
    return safetensors.numpy.load(response.content)


def the_same(one, other):
    return one.keys() == other.keys() and all(
        value.dtype == other[name].dtype and numpy.array_equal(value, other[name]) for name, value in one.items()
    )


@pytest.mark.parametrize("write", [safetensors.numpy.save, npz])
def test_a_resnet_18_goes_in_as_it_is_and_its_statistics_ride_along(client, write):
    state = state_dict()
    assert len(state) == 122 and sum(value.size for value in state.values()) == 11_689_512 + 9_600 + 20
    swa = {"optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.5}}, "average_period": 2}
    client.put("/v1/optimizer", json={"class_name": "SWA", "config": swa})
    created = client.put("/v1/weights?non_trainable=" + ",".join(RUNNING), data=write(state))
    assert created.status_code == 201
    variables = {variable["name"]: variable for variable in client.get("/v1/variables").json()}
    assert {name for name, variable in variables.items() if not variable["trainable"]} == {*RUNNING, *TRACKED}
    assert {variables[name]["dtype"] for name in TRACKED} == {"I64"}
    assert the_same(load(client.get("/v1/weights")), state)

    gradients = {"fc.bias": numpy.ones(1000, "<f4"), "layer4.1.bn2.weight": numpy.ones(512, "<f4")}
    for k in (1, 2, 3, 4):
        assert client.post("/v1/gradients", data=write(gradients | statistics(k))).json()["snapshot"] == (k % 2 == 1)
    current, response = load(client.get("/v1/weights")), client.get("/v1/weights/averaged")
    trained = {name: state[name] - numpy.float32(2) for name in gradients}
    averaged = {name: (state[name] - numpy.float32(0.5) + (state[name] - numpy.float32(1.5))) / 2 for name in gradients}
    rest = {name: value for name, value in state.items() if name not in gradients}
    close = {name: current.pop(name) for name in gradients}
    for name, value in trained.items():
        numpy.testing.assert_allclose(close[name], value, rtol=1e-6, atol=1e-6)
    assert the_same(current, rest | statistics(4))
    found = load(response)
    for name, value in averaged.items():
        numpy.testing.assert_allclose(found.pop(name), value, rtol=1e-6, atol=1e-6)
    assert the_same(found, rest | statistics(3))

    # A batch normalization that was run again with the averaged weights: PyTorch's update_bn.
    weights, tag = client.get("/v1/weights").headers["ETag"], response.headers["ETag"]
    put = client.put("/v1/weights/averaged", data=write(statistics(100)), headers={"If-Match": tag})
    assert sorted(put.json()["replaced"]) == sorted(statistics(100))
    after = load(client.get("/v1/weights/averaged"))
    assert the_same(after, load(response) | statistics(100))
    assert client.get("/v1/weights").headers["ETag"] == weights
    problem(
        client.put("/v1/weights/averaged", data=write(statistics(7)), headers={"If-Match": tag}),
        412,
        "precondition-failed",
    )
    assert client.post("/v1/gradients", data=write(gradients | statistics(5))).json()["snapshot"]
    assert load(client.get("/v1/weights/averaged"))["bn1.num_batches_tracked"] == 5
