"""The averaged weights."""

import json

import numpy
import pytest
import safetensors.numpy

from server import problem
from tensors import BF16, encode, f32, header, metadata


def swa(client, start=0, period=1, rate=0.1):
    config = {
        "optimizer": {"class_name": "SGD", "config": {"learning_rate": rate}},
        "start_averaging": start,
        "average_period": period,
    }
    assert client.put("/v1/optimizer", json={"class_name": "SWA", "config": config}).status_code == 200


def load(client, path):
    return safetensors.numpy.load(client.get(path).content)


def push(client, **gradients):
    return client.post("/v1/gradients", data=encode(gradients)).json()


@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
@pytest.mark.parametrize("first,period", [(0, 1), (0, 10), (3, 2), (5, 4)])
def test_it_equals_the_mean_by_hand_to_the_bit(client, first, period, dtype):
    swa(client, first, period)
    rng = numpy.random.default_rng(3)
    w = rng.standard_normal((5, 33)).astype(dtype)
    client.put("/v1/weights", data=encode({"w": w}))
    average, count, last = None, 0, None
    for i in range(14):
        receipt = push(client, w=rng.standard_normal(w.shape).astype(dtype))
        w = load(client, "/v1/weights")["w"]
        if i >= first and (i - first) % period == 0:
            n = numpy.dtype(dtype).type(count)
            average = w if count == 0 else (average * n + w) / (n + numpy.dtype(dtype).type(1))
            count, last = count + 1, i + 1
        assert receipt["snapshots"] == count
        if average is None:
            problem(client.get("/v1/weights/averaged"), 404, "no-average-yet")
            continue
        response = client.get("/v1/weights/averaged")
        assert response.headers["Weights-Iteration"] == str(last)
        assert metadata(response.content)["snapshots"] == str(count)
        numpy.testing.assert_array_equal(safetensors.numpy.load(response.content)["w"], average, strict=True)
    assert count > 1


def test_it_is_near_the_arithmetic_mean(client):
    swa(client)
    client.put("/v1/weights", data=encode({"w": f32(10, -10)}))
    seen = []
    for k in range(20):
        push(client, w=f32(k, -k))
        seen.append(load(client, "/v1/weights")["w"])
    numpy.testing.assert_allclose(load(client, "/v1/weights/averaged")["w"], numpy.mean(seen, axis=0), rtol=1e-6)


def test_it_changes_only_at_snapshots(client):
    swa(client, period=3)
    client.put("/v1/weights?non_trainable=n", data=encode({"w": f32(1), "n": f32(0)}))
    etags = []
    for k in range(7):
        push(client, w=f32(1), n=f32(k))
        response = client.get("/v1/weights/averaged")
        etags.append(response.headers["ETag"])
        assert response.headers["ETag"].startswith(f'"{response.headers["Model-Epoch"]}-a')
        assert safetensors.numpy.load(response.content)["n"] == k - k % 3
    assert [len(set(etags[k : k + 3])) for k in (0, 3)] == [1, 1]
    assert len(set(etags)) == 3
    assert client.get("/v1/weights/averaged", headers={"If-None-Match": etags[-1]}).status_code == 304


def test_a_variable_without_gradient_is_averaged_too(client):
    swa(client)
    client.put("/v1/weights", data=encode({"a": f32(1), "b": f32(1)}))
    push(client, a=f32(1), b=f32(1))
    push(client, a=f32(1))
    push(client, a=f32(1))
    numpy.testing.assert_allclose(load(client, "/v1/weights/averaged")["b"], [0.9], rtol=1e-6)


def test_halves_are_averaged_in_float32(client):
    swa(client)
    client.put("/v1/weights", data=encode({"h": numpy.array([1], "<f2"), "b": BF16([1]), "n": numpy.array([1], "<i4")}))
    hs = []
    for k in range(3):
        push(client, h=f32(0.3), b=f32(1))
        hs.append(load_half(client))
    content = client.get("/v1/weights/averaged").content
    kinds = {name: entry["dtype"] for name, entry in header(content).items() if name != "__metadata__"}
    assert kinds == {"h": "F32", "b": "F32", "n": "I32"}
    start = header(content)["h"]["data_offsets"][0]
    (length,) = numpy.frombuffer(content[:8], "<u8")
    value = numpy.frombuffer(content, "<f4", 1, int(8 + length + start))[0]
    assert value == pytest.approx(numpy.mean(hs), rel=1e-6)
    variables = client.get("/v1/weights/averaged?format=json").json()["variables"]
    assert variables["h"] == [pytest.approx(float(value), rel=1e-6)]


def load_half(client):
    content = client.get("/v1/weights").content
    (length,) = numpy.frombuffer(content[:8], "<u8")
    start = header(content)["h"]["data_offsets"][0]
    return float(numpy.frombuffer(content, "<f2", 1, int(8 + length + start))[0])


def test_json_gives_the_average_too(client):
    swa(client)
    client.put("/v1/weights", json={"variables": {"w": [1]}})
    client.post("/v1/gradients", json={"gradients": {"w": [0]}})
    document = client.get("/v1/weights/averaged", headers={"Accept": "application/json"}).json()
    assert document["variables"] == {"w": [1]}
    assert document["metadata"]["snapshots"] == "1"


def test_assign_makes_it_the_current_weights(client):
    swa(client)
    client.put("/v1/weights?non_trainable=n", data=encode({"w": f32(1), "v": f32(5), "n": f32(0)}))
    for k in range(4):
        push(client, w=f32(1), v=f32(1), n=f32(k))
    before = client.get("/v1/weights").headers
    average = load(client, "/v1/weights/averaged")
    response = client.post("/v1/weights/averaged/assign")
    assert response.json()["assigned"] == ["w", "v"]
    assert response.headers["Weights-Iteration"] == before["Weights-Iteration"] == "4"
    after = client.get("/v1/weights")
    assert after.headers["ETag"] != before["ETag"]
    weights = safetensors.numpy.load(after.content)
    for name in ("w", "v"):
        numpy.testing.assert_array_equal(weights[name], average[name])
    numpy.testing.assert_array_equal(load(client, "/v1/weights/averaged")["w"], average["w"])


def test_assign_takes_names(client):
    swa(client)
    client.put("/v1/weights", data=encode({"w": f32(1), "v": f32(5)}))
    for _ in range(3):
        push(client, w=f32(1), v=f32(1))
    before = load(client, "/v1/weights")
    response = client.post("/v1/weights/averaged/assign", json={"variables": ["v"]})
    assert response.json()["assigned"] == ["v"]
    after = load(client, "/v1/weights")
    numpy.testing.assert_array_equal(after["w"], before["w"])
    numpy.testing.assert_array_equal(after["v"], load(client, "/v1/weights/averaged")["v"])


@pytest.mark.parametrize(
    "body,status",
    [
        ({"variables": ["x"]}, 422),
        ({"variables": ["w", "n"]}, 422),
        ({"variables": "w"}, 422),
        ({"variable": ["w"]}, 422),
        ([], 422),
        ({"variables": [1]}, 422),
        (b"{", 400),
        (b'{"variables":["w"],"variables":["w"]}', 400),
    ],
)
def test_assign_refuses_what_it_does_not_know(client, body, status):
    swa(client)
    client.put("/v1/weights?non_trainable=n", data=encode({"w": f32(1), "n": f32(1)}))
    push(client, w=f32(1))
    before = client.state()
    content = body if isinstance(body, bytes) else json.dumps(body)
    headers = {"Content-Type": "application/json"}
    response = client.post("/v1/weights/averaged/assign", data=content, headers=headers)
    assert response.status_code == status
    if status == 400:
        problem(response, 400, "malformed-body")
    assert client.state() == before


def test_assign_before_the_first_snapshot_is_409(client):
    swa(client, start=5)
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    push(client, w=f32(1))
    problem(client.post("/v1/weights/averaged/assign"), 409, "no-average-yet")
    problem(client.delete("/v1/weights/averaged"), 404, "no-average-yet")


def test_delete_starts_averaging_anew(client):
    swa(client)
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    for _ in range(3):
        push(client, w=f32(1))
    weights = client.get("/v1/weights")
    assert client.delete("/v1/weights/averaged").status_code == 204
    problem(client.get("/v1/weights/averaged"), 404, "no-average-yet")
    assert client.get("/v1/weights").headers["ETag"] == weights.headers["ETag"]
    assert client.status()["snapshots"] == 0
    assert push(client, w=f32(1))["snapshots"] == 1
    numpy.testing.assert_array_equal(load(client, "/v1/weights/averaged")["w"], load(client, "/v1/weights")["w"])


def test_changing_the_period_keeps_the_mean_right(client):
    swa(client, period=2)
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    taken = []
    for i in range(12):
        if i == 5:
            client.patch("/v1/optimizer", json={"average_period": 3})
        before = client.status()["snapshots"]
        if push(client, w=f32(1))["snapshots"] > before:
            taken.append((i, load(client, "/v1/weights")["w"][0]))
    assert [i for i, _ in taken] == [0, 2, 4, 6, 9]
    mean = numpy.mean([value for _, value in taken])
    numpy.testing.assert_allclose(load(client, "/v1/weights/averaged")["w"], [mean], rtol=1e-6)


def test_put_weights_keeps_the_average(client):
    swa(client)
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    push(client, w=f32(1))
    before = client.get("/v1/weights/averaged")
    client.put("/v1/weights", data=encode({"w": f32(100)}))
    after = client.get("/v1/weights/averaged")
    assert after.headers["ETag"] == before.headers["ETag"]
    assert after.content == before.content
