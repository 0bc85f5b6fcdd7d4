"""Non-trainable variables: they ride along with pushes, and PUT /v1/weights/averaged sets them in the averages."""

import json

import numpy
import pytest
import safetensors.numpy

from server import problem
from tensors import encode, f32

STATE = {
    "conv.weight": numpy.ones((4, 3, 3, 3), "<f4"),
    "bn.weight": numpy.ones(4, "<f4"),
    "bn.bias": numpy.zeros(4, "<f4"),
    "bn.running_mean": numpy.zeros(4, "<f4"),
    "bn.running_var": numpy.ones(4, "<f4"),
    "bn.num_batches_tracked": numpy.array(0, "<i8"),
}
BUFFERS = ["bn.running_mean", "bn.running_var"]


@pytest.fixture
def model(client):
    """A model with batch normalization after its first snapshot; the next is taken by push 3."""
    sgd = {"class_name": "SGD", "config": {"learning_rate": 0.5}}
    client.put("/v1/optimizer", json={"class_name": "SWA", "config": {"optimizer": sgd, "average_period": 2}})
    assert client.put("/v1/weights", data=encode(STATE, {"non_trainable": json.dumps(BUFFERS)})).status_code == 201
    push(client, 1)
    return client


def push(client, k):
    body = {
        "conv.weight": numpy.full((4, 3, 3, 3), 0.1, "<f4"),
        "bn.running_mean": numpy.full(4, k, "<f4"),
        "bn.num_batches_tracked": numpy.array(k, "<i8"),
    }
    assert client.post("/v1/gradients", data=encode(body)).status_code == 200


def average(client):
    return safetensors.numpy.load(client.get("/v1/weights/averaged").content)


def put(client, tensors, tag, **more):
    return client.put("/v1/weights/averaged", data=encode(tensors), headers={"If-Match": tag} | more)


def test_statistics_ride_along_and_are_those_of_the_last_snapshot(model):
    for k in (2, 3, 4):
        push(model, k)
    current = safetensors.numpy.load(model.get("/v1/weights").content)
    assert (current["bn.running_mean"] == 4).all() and current["bn.num_batches_tracked"] == 4
    averaged = average(model)
    assert (averaged["bn.running_mean"] == 3).all() and averaged["bn.num_batches_tracked"] == 3
    assert averaged["bn.num_batches_tracked"].dtype == numpy.int64


def test_recomputed_statistics_stay_until_the_next_snapshot(model):
    before = model.get("/v1/weights/averaged")
    weights = model.get("/v1/weights").headers["ETag"]
    response = put(model, {"bn.running_var": f32(4, 3, 2, 1)}, before.headers["ETag"])
    assert response.status_code == 200
    after = model.get("/v1/weights/averaged")
    assert response.json() == {"replaced": ["bn.running_var"], "etag": after.headers["ETag"]}
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.headers["Weights-Iteration"] == before.headers["Weights-Iteration"]
    assert model.get("/v1/weights").headers["ETag"] == weights
    old, new = safetensors.numpy.load(before.content), safetensors.numpy.load(after.content)
    assert (new.pop("bn.running_var") == f32(4, 3, 2, 1)).all()
    for name, value in new.items():
        numpy.testing.assert_array_equal(value, old[name])
    push(model, 2)
    assert (average(model)["bn.running_var"] == f32(4, 3, 2, 1)).all()
    push(model, 3)
    assert (average(model)["bn.running_var"] == 1).all()
    assert model.status()["snapshots"] == 2


def test_a_tag_of_any_selection_will_do_and_json_too(model):
    tag = model.get("/v1/weights/averaged?names=bn.weight&dtype=F16").headers["ETag"]
    variables = {"bn.num_batches_tracked": {"dtype": "I64", "shape": [], "data": [7]}, "bn.running_mean": [1, 2, 3, 4]}
    response = model.put("/v1/weights/averaged", json={"variables": variables}, headers={"If-Match": tag})
    assert sorted(response.json()["replaced"]) == sorted(variables)
    assert average(model)["bn.num_batches_tracked"] == 7
    assert put(model, {}, "*").json()["replaced"] == []


def test_without_or_with_another_if_match_nothing_changes(model):
    before = model.state()
    body = {"bn.running_var": f32(4, 3, 2, 1)}
    problem(model.put("/v1/weights/averaged", data=encode(body)), 428, "precondition-required")
    tag = model.get("/v1/weights/averaged").headers["ETag"]
    for value in ('"x"', "W/" + tag, model.get("/v1/weights").headers["ETag"]):
        problem(put(model, body, value), 412, "precondition-failed")
    assert model.state() == before
    assert put(model, body, tag).status_code == 200
    problem(put(model, body, tag), 412, "precondition-failed")


@pytest.mark.parametrize(
    "tensors,name",
    [
        ({"bn.weight": f32(1, 2, 3, 4)}, "unknown-variable"),
        ({"bn.running_mean": f32(1, 2, 3, 4), "x": f32(1)}, "unknown-variable"),
        ({"bn.running_mean": f32(1, 2, 3)}, "shape-mismatch"),
        ({"bn.running_mean": numpy.ones(4)}, "dtype-mismatch"),
        ({"bn.num_batches_tracked": numpy.array(1, "<i4")}, "dtype-mismatch"),
    ],
)
def test_what_is_no_buffer_is_422_and_changes_nothing(model, tensors, name):
    before = model.state()
    tag = model.get("/v1/weights/averaged").headers["ETag"]
    problem(put(model, tensors, tag), 422, name)
    variables = {key: {"dtype": {"f8": "F64", "f4": "F32", "i4": "I32"}[value.dtype.str[1:]], "shape": list(value.shape),
                       "data": value.ravel().tolist()} for key, value in tensors.items()}
    headers = {"If-Match": tag}
    problem(model.put("/v1/weights/averaged", json={"variables": variables}, headers=headers), 422, name)
    problem(put(model, {}, tag, **{"Content-Type": "text/plain"}), 415, "unsupported-media-type")
    assert model.put("/v1/weights/averaged", data=b"nonsense", headers=headers).status_code == 400
    assert model.state() == before


def test_there_must_be_averages(client):
    problem(put(client, {}, "*"), 404, "no-model")
    client.put("/v1/optimizer", json={"class_name": "SWA", "config": {"optimizer": "sgd", "start_averaging": 9}})
    client.put("/v1/weights", data=encode(STATE))
    problem(put(client, {}, "*"), 404, "no-average-yet")
