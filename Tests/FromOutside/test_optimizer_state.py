"""What the optimizer remembers: /v1/optimizer/weights and /v1/optimizer/slots."""

import numpy
import pytest
import safetensors.numpy

from server import problem
from tensors import encode, f32, metadata

MOMENTUM = {"class_name": "SGD", "config": {"learning_rate": 0.5, "momentum": 0.5}}


@pytest.fixture
def trained(client):
    """A model after two pushes of momentum 0.5: the momentum of w is -0.75."""
    swa = {"class_name": "SWA", "config": {"optimizer": MOMENTUM, "average_period": 1}}
    client.put("/v1/optimizer", json=swa)
    client.put("/v1/weights?non_trainable=n", data=encode({"w": f32(1, 1), "b": f32(0), "n": f32(7)}))
    for _ in range(2):
        client.post("/v1/gradients", data=encode({"w": f32(1, 1), "b": f32(2)}))
    return client


def load(response):
    assert response.status_code == 200
    return safetensors.numpy.load(response.content)


def test_slot_names_follow_from_the_configuration(client):
    assert client.get("/v1/optimizer/slots").json() == ["average"]
    client.put("/v1/optimizer", json=MOMENTUM)
    assert client.get("/v1/optimizer/slots").json() == ["average", "momentum"]
    client.put("/v1/optimizer", json="adam")
    assert client.get("/v1/optimizer/slots").json() == ["average", "m", "v"]


def test_a_slot_holds_every_trainable_variable(trained):
    slot = load(trained.get("/v1/optimizer/slots/momentum"))
    assert slot.keys() == {"w", "b"}
    numpy.testing.assert_array_equal(slot["w"], f32(-0.75, -0.75))
    numpy.testing.assert_array_equal(slot["b"], f32(-1.5))
    average = load(trained.get("/v1/weights/averaged"))
    response = trained.get("/v1/optimizer/slots/average")
    numpy.testing.assert_array_equal(load(response)["w"], average["w"])
    assert metadata(response.content)["snapshots"] == "2"
    assert trained.get("/v1/optimizer/slots/average?format=json").json()["metadata"]["snapshots"] == "2"
    assert "snapshots" not in metadata(trained.get("/v1/optimizer/slots/momentum").content)


def test_a_slot_of_some_variables(trained):
    assert load(trained.get("/v1/optimizer/slots/momentum?names=b")).keys() == {"b"}
    document = trained.get("/v1/optimizer/slots/momentum?names=b&format=json").json()
    assert document["variables"] == {"b": [-1.5]}
    assert trained.get("/v1/optimizer/slots/momentum?names=x").status_code == 404
    problem(trained.get("/v1/optimizer/slots/m"), 404, "no-slot")


def test_the_list_is_in_the_order_of_keras(trained):
    response = trained.get("/v1/optimizer/weights")
    state = load(response)
    assert sorted(state) == [
        "0000/iterations",
        "0001/average/w",
        "0002/average/b",
        "0003/momentum/w",
        "0004/momentum/b",
    ]
    assert state["0000/iterations"] == 2
    assert state["0000/iterations"].dtype == numpy.int64
    numpy.testing.assert_array_equal(state["0003/momentum/w"], f32(-0.75, -0.75))
    assert metadata(response.content)["snapshots"] == "2"


def test_state_that_is_set_again_trains_on_to_the_same_bits(trained):
    state = trained.get("/v1/optimizer/weights").content
    weights = trained.get("/v1/weights").content

    def go_on():
        for k in range(3):
            trained.post("/v1/gradients", data=encode({"w": f32(k, 0.3), "b": f32(0.1)}))
        return [load(trained.get(path)) for path in ("/v1/weights", "/v1/weights/averaged")]

    first = go_on()
    epoch = trained.get("/v1/weights").headers["Model-Epoch"]
    trained.put("/v1/weights", data=weights)
    response = trained.put("/v1/optimizer/weights", data=state)
    assert response.json() == {"iterations": 2}
    assert response.headers["Model-Epoch"] != epoch
    for before, after in zip(first, go_on()):
        for name in before:
            numpy.testing.assert_array_equal(before[name], after[name])


def test_state_of_another_optimizer_is_409_and_changes_nothing(trained):
    state = trained.get("/v1/optimizer/weights").content
    trained.put("/v1/optimizer", json="adam")
    before = trained.state()
    problem(trained.put("/v1/optimizer/weights", data=state), 409, "model-mismatch")
    problem(trained.put("/v1/optimizer/weights", data=b"nonsense"), 400, "malformed-body")
    problem(trained.put("/v1/optimizer/weights", json={}), 415, "unsupported-media-type")
    assert trained.state() == before


@pytest.mark.parametrize("iterations", [-1, 2**53 + 1, 2**63 - 1])
def test_iterations_that_nobody_can_have_taken_are_refused(trained, iterations):
    before = trained.state()
    state = load(trained.get("/v1/optimizer/weights"))
    state["0000/iterations"] = numpy.array(iterations, "<i8")
    document = problem(trained.put("/v1/optimizer/weights", data=encode(state)), 422, "invalid-optimizer")
    assert document["field"] == "iterations"
    assert str(iterations) in document["detail"] and str(2**53) in document["allowed"]
    assert trained.state() == before


def test_names_out_of_the_list_are_told_its_bounds(trained):
    state = load(trained.get("/v1/optimizer/weights"))
    state["9999/w"] = f32(1)
    response = trained.put("/v1/optimizer/weights", data=encode(state))
    assert "names 0000/… to 0004/…" in problem(response, 409, "model-mismatch")["detail"]


@pytest.mark.parametrize("snapshots", [-1, 2**53 + 1, 2**63 - 1])
def test_snapshots_that_nobody_can_have_taken_are_refused(trained, snapshots):
    state = load(trained.get("/v1/optimizer/weights"))
    response = trained.put("/v1/optimizer/weights", data=encode(state, {"snapshots": str(snapshots)}))
    problem(response, 422, "malformed-body")


def test_the_most_steps_and_snapshots_go_on(trained):
    state = load(trained.get("/v1/optimizer/weights"))
    state["0000/iterations"] = numpy.array(2**53, "<i8")
    trained.put("/v1/optimizer/weights", data=encode(state, {"snapshots": str(2**53)}))
    receipt = trained.post("/v1/gradients", data=encode({"w": f32(1, 1)})).json()
    assert (receipt["iterations"], receipt["snapshots"]) == (2**53 + 1, 2**53 + 1)
