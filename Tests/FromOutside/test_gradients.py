"""POST /v1/gradients."""

import json
import threading

import numpy
import pytest
import safetensors.numpy

from server import Client, problem
from tensors import BF16, encode, f32

RNG_SEED = 7


def put_optimizer(client, **config):
    response = client.put("/v1/optimizer", json={"class_name": "SGD", "config": config})
    assert response.status_code == 200


def weights(client):
    return safetensors.numpy.load(client.get("/v1/weights").content)


def push(client, gradients, **arguments):
    return client.post("/v1/gradients", data=encode(gradients), **arguments)


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<f2"])
@pytest.mark.parametrize("rule", ["plain", "momentum", "nesterov"])
def test_sgd_equals_numpy_to_the_bit(client, rule, dtype):
    momentum = 0.0 if rule == "plain" else 0.9
    put_optimizer(client, learning_rate=0.05, momentum=momentum, nesterov=rule == "nesterov")
    compute = numpy.dtype("<f8" if dtype == "<f8" else "<f4")
    rate, mu = numpy.float32(0.05).astype(compute), numpy.float32(momentum).astype(compute)
    rng = numpy.random.default_rng(RNG_SEED)
    w = rng.standard_normal((7, 129)).astype(dtype)
    m = numpy.zeros(w.shape, compute)
    client.put("/v1/weights", data=encode({"w": w}))
    for _ in range(12):
        g = rng.standard_normal(w.shape).astype(compute)
        assert push(client, {"w": g}).status_code == 200
        wide = w.astype(compute)
        if rule == "plain":
            wide = wide - rate * g
        else:
            m = mu * m - rate * g
            wide = wide + (mu * m - rate * g if rule == "nesterov" else m)
        w = wide.astype(dtype)
        numpy.testing.assert_array_equal(weights(client)["w"], w, strict=True)


def test_decay_lowers_the_rate(client):
    put_optimizer(client, learning_rate=0.5, decay=0.25)
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    w = f32(1)
    for i in range(4):
        rate = numpy.float32(0.5) / (numpy.float32(1) + numpy.float32(0.25) * numpy.float32(i))
        receipt = push(client, {"w": f32(1)}).json()
        assert receipt["learning_rate"] == pytest.approx(float(rate), rel=1e-6)
        w = w - rate * f32(1)
        numpy.testing.assert_array_equal(weights(client)["w"], w)


def test_a_gradient_of_many_megabytes(client):
    rng = numpy.random.default_rng(RNG_SEED)
    w = rng.standard_normal(3_000_000).astype("<f4")
    g = rng.standard_normal(3_000_000).astype("<f4")
    client.put("/v1/weights", data=encode({"w": w}))
    receipt = push(client, {"w": g}).json()
    numpy.testing.assert_array_equal(weights(client)["w"], w - numpy.float32(0.01) * g)
    assert receipt["gradient_norm"] == pytest.approx(numpy.linalg.norm(g.astype("<f8")), rel=1e-12)


@pytest.mark.parametrize("kind", ["<f8", "<f4", "<f2", "BF16"])
def test_gradients_come_in_any_float(client, kind):
    values = [0.1, -2.7, 1e-5, 3.0]
    client.put("/v1/weights", data=encode({"w": f32(1, 1, 1, 1)}))
    g = BF16(values) if kind == "BF16" else numpy.array(values, dtype=kind)
    assert push(client, {"w": g}).status_code == 200
    taken = g.floats() if kind == "BF16" else g.astype("<f4")
    numpy.testing.assert_array_equal(weights(client)["w"], f32(1, 1, 1, 1) - numpy.float32(0.01) * taken)


def test_json_gradients_are_the_same_as_safetensors(client):
    client.put("/v1/weights", json={"variables": {"w": [[1, 2], [3, 4]], "s": 1}})
    gradients = {"w": [[0.1, 0.2], [0.3, 0.4]], "s": {"dtype": "F32", "shape": [], "data": [0.5]}}
    assert client.post("/v1/gradients", json={"gradients": gradients}).status_code == 200
    got = weights(client)
    rate = numpy.float32(0.01)
    numpy.testing.assert_array_equal(got["w"], f32([1, 2], [3, 4]) - rate * f32([0.1, 0.2], [0.3, 0.4]))
    numpy.testing.assert_array_equal(got["s"], numpy.float32(1) - rate * numpy.float32(0.5))


def test_the_order_of_gradients_does_not_matter(client):
    client.put("/v1/weights", data=encode({"a": f32(1, 1), "b": f32(1), "c": f32(1, 1, 1)}))
    push(client, {"c": f32(3, 3, 3), "a": f32(1, 1), "b": f32(2)})
    got = weights(client)
    for name, value in (("a", 1), ("b", 2), ("c", 3)):
        assert set(got[name]) == {numpy.float32(1) - numpy.float32(0.01) * numpy.float32(value)}


def test_a_variable_without_gradient_stays_as_it_is(client):
    put_optimizer(client, momentum=0.9)
    client.put("/v1/weights", data=encode({"a": f32(1), "b": f32(1)}))
    push(client, {"a": f32(1), "b": f32(1)})
    b = weights(client)["b"]
    push(client, {"a": f32(1)})
    got = weights(client)
    numpy.testing.assert_array_equal(got["b"], b)
    assert got["a"][0] < b[0]


def test_a_non_trainable_variable_in_the_content_is_assigned(client):
    model = {"w": f32(1), "mean": f32(0, 0), "steps": numpy.array(0, dtype="<i8")}
    client.put("/v1/weights?non_trainable=mean", data=encode(model))
    push(client, {"w": f32(1), "mean": f32(5, 6), "steps": numpy.array(9, dtype="<i8")})
    got = weights(client)
    numpy.testing.assert_array_equal(got["mean"], f32(5, 6))
    assert got["steps"] == 9


def test_a_non_trainable_variable_is_taken_in_its_own_dtype_only(client):
    client.put("/v1/weights?non_trainable=mean", data=encode({"w": f32(1), "mean": f32(0)}))
    before = client.state()
    gradients = {"w": f32(1), "mean": numpy.array([1.0])}
    assert problem(push(client, gradients), 422, "dtype-mismatch")["variable"] == "mean"
    assert client.state() == before


def test_the_receipt_counts(client):
    client.put("/v1/optimizer", json={"class_name": "SWA", "config": {"optimizer": "sgd", "average_period": 2}})
    epoch = client.put("/v1/weights", data=encode({"a": f32(1), "b": f32(1)})).headers["Model-Epoch"]
    for k in range(1, 6):
        response = push(client, {"a": f32(3), "b": f32(4)})
        receipt = response.json()
        assert receipt["iterations"] == k == int(response.headers["Weights-Iteration"])
        assert receipt["snapshot"] == (k % 2 == 1)
        assert receipt["snapshots"] == (k + 1) // 2
        assert receipt["staleness"] is None
        assert receipt["learning_rate"] == pytest.approx(0.01, rel=1e-7)
        assert receipt["gradient_norm"] == 5
        assert receipt["etag"] == client.get("/v1/weights").headers["ETag"]
        assert response.headers["Model-Epoch"] == epoch
        status = client.status()
        assert (status["iterations"], status["snapshots"]) == (k, (k + 1) // 2)
        assert status["next_snapshot_at"] == k + 1 + k % 2


def test_weights_iteration_gives_the_staleness(client):
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    for k in range(4):
        assert push(client, {"w": f32(1)}, headers={"Weights-Iteration": "0"}).json()["staleness"] == k
    assert push(client, {"w": f32(1)}, headers={"Weights-Iteration": "4"}).json()["staleness"] == 0
    assert client.status()["staleness"] == {"last": 0, "mean": 1.2, "max": 3}


def test_an_iteration_ahead_is_409(client):
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    push(client, {"w": f32(1)})
    before = client.state()
    document = problem(push(client, {"w": f32(1)}, headers={"Weights-Iteration": "2"}), 409, "iteration-ahead")
    assert document["iterations"] == 1
    assert client.state() == before


@pytest.mark.parametrize("value", ["-1", "1.0", "x", "", "0x1", "99999999999999999999999"])
def test_an_iteration_that_is_no_integer_is_400(client, value):
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    response = push(client, {"w": f32(1)}, headers={"Weights-Iteration": value})
    if value.isdecimal():
        assert response.status_code in (400, 409)
    else:
        assert "Weights-Iteration" in problem(response, 400, "invalid-header")["detail"]
    assert client.status()["iterations"] == 0


def test_another_models_epoch_is_409(client):
    first = client.put("/v1/weights", data=encode({"w": f32(1)})).headers["Model-Epoch"]
    assert push(client, {"w": f32(1)}, headers={"Model-Epoch": first}).status_code == 200
    client.delete("/v1/weights")
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    before = client.state()
    problem(push(client, {"w": f32(1)}, headers={"Model-Epoch": first}), 409, "model-epoch-mismatch")
    assert client.state() == before


def test_a_dry_run_tells_and_changes_nothing(client):
    client.put("/v1/weights?non_trainable=n", data=encode({"w": f32(1, 1), "n": f32(0)}))
    push(client, {"w": f32(1, 1)}, headers={"Trainer-Id": "real"})
    before, trainers = client.state(), client.get("/v1/trainers").json()
    headers = {"Weights-Iteration": "0", "Trainer-Id": "dry"}
    answer = client.post(
        "/v1/gradients?dry_run=true", data=encode({"w": f32(3, 4), "n": f32(9)}), headers=headers
    ).json()
    assert answer["gradient_norm"] == 5
    assert answer["staleness"] == 1
    assert answer["learning_rate"] == pytest.approx(0.01, rel=1e-7)
    assert client.state() == before
    assert client.get("/v1/trainers").json() == trainers


def test_a_dry_run_checks_everything(client):
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    problem(client.post("/v1/gradients?dry_run=true", data=encode({"v": f32(1)})), 422, "unknown-variable")
    problem(client.post("/v1/gradients?dry_run=true", data=encode({"w": f32(numpy.nan)})), 422, "non-finite-gradient")


def test_dry_run_may_be_false(client):
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    assert client.post("/v1/gradients?dry_run=false", data=encode({"w": f32(1)})).json()["iterations"] == 1
    problem(client.post("/v1/gradients?dry_run=yes", data=encode({"w": f32(1)})), 400, "unknown-parameter")


def test_prefer_minimal_is_204(client):
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    response = push(client, {"w": f32(1)}, headers={"Prefer": "return=minimal"})
    assert response.status_code == 204
    assert response.headers["Weights-Iteration"] == "1"


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_prefer_representation_pushes_and_pulls_at_once(client, accept):
    client.put("/v1/weights", data=encode({"w": f32(1), "b": f32(2)}))
    headers = {"Prefer": "return=representation", "Accept": accept}
    response = push(client, {"w": f32(1)}, headers=headers)
    assert response.status_code == 200
    assert response.headers["Preference-Applied"] == "return=representation"
    assert response.headers["Content-Location"].startswith("/v1/weights")
    pulled = client.get("/v1/weights", headers={"Accept": accept})
    assert response.content == pulled.content
    for name in ("ETag", "Weights-Iteration", "Model-Epoch", "Content-Type"):
        assert response.headers[name] == pulled.headers[name]


def test_an_unknown_preference_is_ignored(client):
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    response = push(client, {"w": f32(1)}, headers={"Prefer": "handling=lenient, teapot"})
    assert response.json()["iterations"] == 1


def test_trainers_are_listed(client):
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    push(client, {"w": f32(1)}, headers={"Trainer-Id": "a", "Training-Loss": "0.5"})
    push(client, {"w": f32(1)}, headers={"Trainer-Id": "b:1_2.x-y", "Weights-Iteration": "1"})
    push(client, {"w": f32(1)}, headers={"Trainer-Id": "a", "Weights-Iteration": "0", "Training-Loss": "0.25"})
    push(client, {"w": f32(1)})
    a, b = client.get("/v1/trainers").json()
    assert (a["id"], a["pushes"], a["last_base_iteration"], a["last_loss"]) == ("a", 2, 0, 0.25)
    assert (b["id"], b["pushes"], b["last_base_iteration"], b["last_loss"]) == ("b:1_2.x-y", 1, 1, None)
    assert client.status()["trainers"] == 2


@pytest.mark.parametrize(
    "field,value",
    [
        ("Trainer-Id", "a b"),
        ("Trainer-Id", "x" * 65),
        ("Trainer-Id", "ä".encode()),
        ("Trainer-Id", ""),
        ("Training-Loss", "low"),
        ("Training-Loss", ""),
    ],
)
def test_a_bad_header_value_is_400(client, field, value):
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    before = client.state()
    assert field in problem(push(client, {"w": f32(1)}, headers={field: value}), 400, "invalid-header")["detail"]
    assert client.state() == before


@pytest.mark.parametrize("form", ["safetensors", "json"])
def test_a_sparse_gradient_moves_its_rows_alone(client, form):
    put_optimizer(client, learning_rate=1)
    client.put("/v1/weights", data=encode({"emb": f32([1, 1], [2, 2], [3, 3])}))
    if form == "json":
        body = {"gradients": {"emb": {"indices": [2, 0, 2], "values": [[1, 1], [1, 2], [1, 1]]}}}
        response = client.post("/v1/gradients", json=body)
    else:
        pair = {"emb/indices": numpy.array([2, 0, 2], dtype="<i8"), "emb/values": f32([1, 1], [1, 2], [1, 1])}
        response = push(client, pair)
    assert response.status_code == 200
    assert numpy.array_equal(weights(client)["emb"], f32([0, -1], [2, 2], [1, 1]))


@pytest.mark.parametrize("rows, detail", [([3], "from 0 to below 3, got 3"), ([-1], "got -1")])
def test_a_row_that_is_not_there_is_422(client, rows, detail):
    client.put("/v1/weights", data=encode({"emb": f32([1, 1], [2, 2], [3, 3])}))
    before = client.state()
    response = push(client, {"emb/indices": numpy.array(rows, dtype="<i8"), "emb/values": f32([1, 1])})
    assert detail in problem(response, 422, "index-out-of-range")["detail"]
    assert client.state() == before


def test_pushes_at_once_are_all_applied(client, server):
    put_optimizer(client, learning_rate=1)
    client.put("/v1/weights", data=encode({"w": numpy.zeros(1000, "<f4")}))

    def train():
        with Client(server) as own:
            for _ in range(25):
                assert push(own, {"w": numpy.ones(1000, "<f4")}).status_code == 200

    threads = [threading.Thread(target=train) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.status()["iterations"] == 100
    numpy.testing.assert_array_equal(weights(client)["w"], numpy.full(1000, -100, "<f4"))


def test_clipping_bounds_the_gradient_and_not_the_norm_of_the_receipt(client):
    put_optimizer(client, learning_rate=1, clipvalue=0.5)
    client.put("/v1/weights", data=encode({"w": f32(0, 0)}))
    assert push(client, {"w": f32(3, -4)}).json()["gradient_norm"] == 5
    numpy.testing.assert_array_equal(weights(client)["w"], f32(-0.5, 0.5))


def test_an_empty_variable_is_fine(client):
    client.put("/v1/weights", data=encode({"w": f32(1), "none": numpy.zeros((0, 4), "<f4")}))
    receipt = push(client, {"w": f32(2), "none": numpy.zeros((0, 4), "<f4")}).json()
    assert receipt["gradient_norm"] == 2
    assert json.loads(client.get("/v1/weights?format=json").content)["variables"]["none"]["shape"] == [0, 4]
