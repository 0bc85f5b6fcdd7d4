"""GET, PUT and DELETE /v1/weights."""

import json
import threading

import numpy
import pytest
import safetensors.numpy
from safetensors import deserialize

from server import Client, problem
from tensors import BF16, NUMPY_TYPES, encode, f32, header, metadata

MODEL = {"w": f32([1, 2, 3], [4, 5, 6]), "b": f32(0.5, -0.5)}
CODES = {**NUMPY_TYPES, "BF16": None}


def tensor(dtype, *values):
    return BF16(values) if dtype == "BF16" else numpy.array(values, dtype=NUMPY_TYPES[dtype])


def test_put_creates_and_get_gives_it_back(client):
    response = client.put("/v1/weights", data=safetensors.numpy.save(MODEL))
    assert response.status_code == 201
    assert response.headers["Weights-Iteration"] == "0"
    got = client.get("/v1/weights")
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Model-Epoch"] == response.headers["Model-Epoch"]
    assert response.json() == {"variables": 2, "bytes": 32, "iterations": 0}
    weights = safetensors.numpy.load(got.content)
    assert weights.keys() == MODEL.keys()
    for name, value in MODEL.items():
        numpy.testing.assert_array_equal(weights[name], value, strict=True)


def test_a_served_file_says_what_it_is(client):
    epoch = client.put("/v1/weights", data=encode(MODEL)).headers["Model-Epoch"]
    response = client.get("/v1/weights")
    says = metadata(response.content)
    assert says["format"] == "pt"
    assert says["iteration"] == "0"
    assert says["model_epoch"] == epoch
    assert "kind" in says
    assert response.headers["ETag"].startswith(f'"{epoch}-w')
    assert ".safetensors" in response.headers["Content-Disposition"]
    (length,) = numpy.frombuffer(response.content[:8], "<u8")
    assert (8 + length) % 8 == 0


def test_safetensors_may_be_asked_for_by_name(client):
    headers = {"Content-Type": "application/x-safetensors"}
    assert client.put("/v1/weights", data=encode(MODEL), headers=headers).status_code == 201
    response = client.get("/v1/weights", headers={"Accept": "application/x-safetensors"})
    assert response.headers["Content-Type"] == "application/x-safetensors"
    numpy.testing.assert_array_equal(safetensors.numpy.load(response.content)["w"], MODEL["w"])


def test_json_both_ways(client):
    variables = {"w": [[1, 2.5], [-3, 4]], "scalar": 7, "empty": {"dtype": "F32", "shape": [0, 3], "data": []}}
    assert client.put("/v1/weights", json={"variables": variables}).status_code == 201
    response = client.get("/v1/weights?format=json")
    document = response.json()
    assert document["variables"] == variables
    assert document["metadata"]["iteration"] == "0"
    assert response.headers["Accept-Ranges"] == "none"
    assert ".json" in response.headers["Content-Disposition"]


def test_json_variables_are_ordered_by_name_and_float32(client):
    client.put("/v1/weights", json={"variables": {"b": [1], "a": [[2]], "c": 3}})
    variables = client.get("/v1/variables").json()
    assert [v["name"] for v in variables] == ["a", "b", "c"]
    assert {v["dtype"] for v in variables} == {"F32"}
    assert [v["shape"] for v in variables] == [[1, 1], [1], []]
    assert [v["bytes"] for v in variables] == [4, 4, 4]


def test_json_has_words_for_what_is_no_number(client):
    values = ["NaN", "Infinity", "-Infinity", 0.1]
    client.put("/v1/weights", json={"variables": {"w": values}})
    assert client.get("/v1/weights?format=json").json()["variables"]["w"][:3] == values[:3]
    weights = safetensors.numpy.load(client.get("/v1/weights").content)["w"]
    numpy.testing.assert_array_equal(weights, f32(numpy.nan, numpy.inf, -numpy.inf, 0.1))


def test_json_numbers_come_back_to_the_bit(client):
    rng = numpy.random.default_rng(1)
    bits = rng.integers(0, 2**32, size=1000, dtype="<u4").view("<f4")
    values = bits[numpy.isfinite(bits)]
    client.put("/v1/weights", data=encode({"w": values, "d": values.astype("<f8") / 3}))
    document = client.get("/v1/weights?format=json").json()["variables"]
    numpy.testing.assert_array_equal(numpy.array(document["w"], dtype="<f4"), values)
    numpy.testing.assert_array_equal(numpy.array(document["d"]["data"]), values.astype("<f8") / 3)


@pytest.mark.parametrize("dtype", CODES)
def test_every_dtype_in_safetensors(client, dtype):
    value = tensor(dtype, 0, 1, 1, 0)
    assert client.put("/v1/weights", data=encode({"x": value})).status_code == 201
    (variable,) = client.get("/v1/variables").json()
    assert variable["dtype"] == dtype
    assert variable["trainable"] == (dtype in ("F64", "F32", "F16", "BF16"))
    ((name, described),) = deserialize(client.get("/v1/weights").content)
    assert (name, described["dtype"], described["shape"]) == ("x", dtype, [4])
    assert bytes(described["data"]) == value.tobytes()


@pytest.mark.parametrize("dtype", CODES)
def test_every_dtype_in_json(client, dtype):
    typed = {"dtype": dtype, "shape": [2, 2], "data": [0, 1, 1, 0]}
    assert client.put("/v1/weights", json={"variables": {"x": typed}}).status_code == 201
    assert client.get("/v1/variables").json()[0]["dtype"] == dtype
    first = client.get("/v1/weights")
    document = client.get("/v1/weights?format=json").json()
    assert client.put("/v1/weights", json={"variables": document["variables"]}).status_code == 200
    ((_, before),) = deserialize(first.content)
    ((_, after),) = deserialize(client.get("/v1/weights").content)
    assert bytes(before["data"]) == bytes(after["data"]) == tensor(dtype, 0, 1, 1, 0).tobytes()


def test_integers_at_their_ends_survive_json(client):
    ends = numpy.array([2**63 - 1, -(2**63)], dtype="<i8")
    client.put("/v1/weights", data=encode({"n": ends, "w": f32(1)}))
    n = client.get("/v1/weights?format=json").json()["variables"]["n"]
    assert n == {"dtype": "I64", "shape": [2], "data": ends.tolist()}


@pytest.mark.parametrize("value", [3.5, 128, -129, "NaN"])
def test_a_number_that_does_not_fit_the_dtype_is_refused(client, value):
    typed = {"dtype": "I8", "shape": [1], "data": [value]}
    response = client.put("/v1/weights", json={"variables": {"x": typed}})
    assert response.status_code in (400, 422)
    assert "x" in response.json()["detail"]
    assert client.get("/v1/variables").json() == []


def test_creation_order_is_the_order_of_the_data(client):
    client.put("/v1/weights", data=encode({"z": f32(1), "a": f32(2), "m": f32(3)}))
    assert [v["name"] for v in client.get("/v1/variables").json()] == ["z", "a", "m"]


def test_creation_order_may_be_given(client):
    order = ["m", "z", "a"]
    client.put("/v1/weights", data=encode({"z": f32(1), "a": f32(2), "m": f32(3)}, {"order": json.dumps(order)}))
    assert [v["name"] for v in client.get("/v1/variables").json()] == order
    content = client.get("/v1/weights").content
    tensors = {name: entry for name, entry in header(content).items() if name != "__metadata__"}
    by_data = sorted(tensors, key=lambda name: tensors[name]["data_offsets"])
    assert json.loads(metadata(content).get("order", json.dumps(by_data))) == order


def test_mixed_dtypes_keep_their_order_and_values(client):
    model = {
        "h": numpy.array([1, 2, 3], dtype="<f2"),
        "n": numpy.array(3, dtype="<i8"),
        "w": f32([1], [2]),
        "flag": numpy.array([True]),
        "d": numpy.array([0.1]),
        "b": BF16([1.5]),
    }
    client.put("/v1/weights", data=encode(model))
    assert [v["name"] for v in client.get("/v1/variables").json()] == list(model)
    got = {name: bytes(entry["data"]) for name, entry in deserialize(client.get("/v1/weights").content)}
    assert got == {name: value.tobytes() for name, value in model.items()}
    status = client.status()
    assert (status["variables"], status["parameters"], status["bytes"]) == (6, 9, 6 + 8 + 8 + 1 + 8 + 2)


@pytest.mark.parametrize("way", ["metadata", "query"])
def test_floats_may_be_created_non_trainable(client, way):
    model = {"w": f32(1), "mean": f32(0), "var": f32(1)}
    if way == "metadata":
        client.put("/v1/weights", data=encode(model, {"non_trainable": json.dumps(["mean", "var"])}))
    else:
        client.put("/v1/weights?non_trainable=mean,var", data=encode(model))
    trainable = {v["name"]: v["trainable"] for v in client.get("/v1/variables").json()}
    assert trainable == {"w": True, "mean": False, "var": False}


def test_names_in_a_query_are_split_before_they_are_decoded(client):
    client.put("/v1/weights?non_trainable=a%20b", json={"variables": {"a b": [1], "w": [1]}})
    trainable = {v["name"]: v["trainable"] for v in client.get("/v1/variables").json()}
    assert trainable == {"a b": False, "w": True}


@pytest.mark.parametrize("half", ["BF16", "F16"])
def test_what_is_not_trained_may_lie_behind_an_odd_number_of_halves(client, half):
    kinds = {"i": "I64", "d": "F64", "k": "I32", "s": "F32", "t": "I16", "c": "I8", "q": "BOOL", "z": "F16"}
    model = {name: {"dtype": kind, "shape": [1], "data": [1]} for name, kind in kinds.items()}
    model["q"]["data"] = [True]
    model["h"] = {"dtype": half, "shape": [3], "data": [1, 2, 3]}
    answer = client.put("/v1/weights?non_trainable=d,s,z", json={"variables": model})
    assert answer.status_code == 201
    client.patch("/v1/optimizer", json={"average_period": 1})
    push = {name: dict(tensor, data=[3]) for name, tensor in model.items() if name not in "qhc"}
    push["h"] = [0, 0, 0]
    assert client.post("/v1/gradients", json={"gradients": push}).status_code == 200
    set_values = {name: dict(tensor, data=[5]) for name, tensor in push.items() if name in "idk"}
    response = client.put("/v1/weights/averaged", json={"variables": set_values}, headers={"If-Match": "*"})
    assert response.status_code == 200
    for path, changed in (("/v1/weights", 3), ("/v1/weights/averaged", 5)):
        for query in ("?format=json", "?format=json&dtype=F64", "?format=json&dtype=F16", "?format=json&dtype=BF16"):
            variables = client.get(path + query).json()["variables"]
            got = {name: tensor["data"] if isinstance(tensor, dict) else tensor for name, tensor in variables.items()}
            assert got.pop("h") == [1, 2, 3] and got.pop("q") == [True] and got.pop("c") == [1]
            assert got == {name: [changed if name in "idk" else 3] for name in "idkstz"}


def test_non_trainable_must_name_a_variable(client):
    response = client.put("/v1/weights?non_trainable=x", data=encode(MODEL))
    problem(response, 422, "unknown-variable")
    assert client.get("/v1/variables").json() == []


def test_put_replaces_the_values_of_a_model(client):
    created = client.put("/v1/weights", data=encode(MODEL))
    client.post("/v1/gradients", json={"gradients": {"b": [1, 1]}})
    etag = client.get("/v1/weights").headers["ETag"]
    other = {"b": f32(7, 8), "w": -MODEL["w"]}
    replaced = client.put("/v1/weights", data=encode(other))
    assert replaced.status_code == 200
    assert replaced.headers["Weights-Iteration"] == "1"
    assert replaced.headers["Model-Epoch"] == created.headers["Model-Epoch"]
    assert client.get("/v1/weights").headers["ETag"] != etag
    weights = safetensors.numpy.load(client.get("/v1/weights").content)
    for name, value in other.items():
        numpy.testing.assert_array_equal(weights[name], value)
    assert [v["name"] for v in client.get("/v1/variables").json()] == ["w", "b"]


@pytest.mark.parametrize(
    "other",
    [
        {"w": MODEL["w"]},
        {**MODEL, "more": f32(1)},
        {"w": MODEL["w"], "c": MODEL["b"]},
        {"w": MODEL["w"].T.copy(), "b": MODEL["b"]},
        {"w": MODEL["w"].astype("<f8"), "b": MODEL["b"]},
    ],
    ids=["missing", "more", "renamed", "shape", "dtype"],
)
def test_another_model_is_409_and_changes_nothing(client, other):
    client.put("/v1/weights", data=encode(MODEL))
    before = client.state()
    problem(client.put("/v1/weights", data=encode(other)), 409, "model-mismatch")
    assert client.state() == before


def test_a_known_etag_is_304(client):
    client.put("/v1/weights", data=encode(MODEL))
    etag = client.get("/v1/weights").headers["ETag"]
    for value in (etag, f'"other", {etag}', "*", f"W/{etag}"):
        assert client.get("/v1/weights", headers={"If-None-Match": value}).status_code == 304
        assert client.head("/v1/weights", headers={"If-None-Match": value}).status_code == 304
    assert client.get("/v1/weights", headers={"If-None-Match": '"other"'}).status_code == 200
    client.post("/v1/gradients", json={"gradients": {"b": [1, 1]}})
    fresh = client.get("/v1/weights", headers={"If-None-Match": etag})
    assert fresh.status_code == 200
    assert fresh.headers["ETag"] != etag


def test_an_answer_that_is_given_again_is_its_versions(client):
    def answers():
        return {
            (path, accept): client.get(path, headers={"Accept": accept} if accept else {})
            for path in ["/v1/weights", "/v1/weights/averaged"]
            for accept in [None, "application/x-safetensors"]
        }

    seen = set()
    for epoch in range(2):
        assert client.put("/v1/weights", data=encode({"w": f32(epoch, 2)})).status_code == 201
        for step in range(2):
            assert client.post("/v1/gradients", data=encode({"w": f32(1, 1)})).status_code == 200
            first, again = answers(), answers()
            for (path, accept), answer in first.items():
                assert answer.status_code == 200
                assert answer.headers["Content-Type"] == (accept or "application/octet-stream")
                assert again[path, accept].content == answer.content
                assert again[path, accept].headers["ETag"] == answer.headers["ETag"]
                assert answer.headers["ETag"].strip('"').startswith(answer.headers["Model-Epoch"])
                weights = safetensors.numpy.load(answer.content)["w"]
                numpy.testing.assert_allclose(weights, f32(epoch, 2) - 0.01 * (step + 1 if "av" not in path else 1))
            seen.add(first["/v1/weights", None].headers["ETag"])
        assert client.delete("/v1/weights").status_code == 204
    assert len(seen) == 4


def test_formats_have_different_etags(client):
    client.put("/v1/weights", data=encode(MODEL))
    etags = [client.get("/v1/weights?format=" + format).headers["ETag"] for format in ("safetensors", "json")]
    assert etags[0] != etags[1]
    response = client.get("/v1/weights?format=json", headers={"If-None-Match": etags[0]})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "accept,media",
    [
        ("application/json", "application/json"),
        ("*/*", "application/octet-stream"),
        ("application/*", "application/octet-stream"),
        ("application/octet-stream;q=0.1, application/json", "application/json"),
        ("application/json;q=0, */*", "application/octet-stream"),
        ("text/html, application/json;q=0.5", "application/json"),
        ("application/octet-stream, application/json", "application/octet-stream"),
        ("APPLICATION/JSON", "application/json"),
    ],
)
def test_accept_chooses_the_format(client, accept, media):
    client.put("/v1/weights", data=encode(MODEL))
    assert client.get("/v1/weights", headers={"Accept": accept}).headers["Content-Type"] == media


def test_format_wins_over_accept(client):
    client.put("/v1/weights", data=encode(MODEL))
    response = client.get("/v1/weights?format=json", headers={"Accept": "application/octet-stream"})
    assert response.headers["Content-Type"] == "application/json"
    response = client.get("/v1/weights?format=safetensors", headers={"Accept": "application/json"})
    assert response.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "accept", ["text/html", "application/json;q=0, application/octet-stream;q=0, application/x-safetensors;q=0"]
)
def test_accepting_nothing_that_exists_is_406_and_lists_what_does(client, accept):
    client.put("/v1/weights", data=encode(MODEL))
    document = problem(client.get("/v1/weights", headers={"Accept": accept}), 406, "not-acceptable")
    assert "application/octet-stream" in json.dumps(document) and "application/json" in json.dumps(document)


def test_too_much_for_json_is_406_with_a_hint(client):
    client.put("/v1/weights", data=encode({"w": numpy.full(9_000_000, 0.1, dtype="<f4")}))
    document = problem(client.get("/v1/weights?format=json"), 406, "not-acceptable")
    assert "safetensors" in document["detail"]


def test_create_only_refuses_where_there_is_a_model(client):
    assert client.put("/v1/weights", data=encode(MODEL), headers={"If-None-Match": "*"}).status_code == 201
    before = client.state()
    other = {name: value + 1 for name, value in MODEL.items()}
    problem(client.put("/v1/weights", data=encode(other), headers={"If-None-Match": "*"}), 412, "precondition-failed")
    assert client.state() == before


def test_of_trainers_that_create_at_once_one_wins(client, server):
    for attempt in range(20):
        statuses = {}
        barrier = threading.Barrier(4)

        def create(value):
            with Client(server) as own:
                own.get("/healthz")
                barrier.wait(timeout=20)
                content = encode({"w": numpy.full(10_000, value, dtype="<f4")})
                statuses[value] = own.put("/v1/weights", data=content, headers={"If-None-Match": "*"}).status_code

        threads = [threading.Thread(target=create, args=(value,)) for value in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses.values()) == [201, 412, 412, 412]
        winner = next(value for value, status in statuses.items() if status == 201)
        weights = safetensors.numpy.load(client.get("/v1/weights").content)["w"]
        numpy.testing.assert_array_equal(weights, numpy.full(10_000, winner, dtype="<f4"))
        client.delete("/v1/weights")


def test_delete_drops_everything_but_the_optimizer(client):
    optimizer = {"class_name": "SGD", "config": {"learning_rate": 0.5, "momentum": 0.9}}
    client.put("/v1/optimizer", json=optimizer)
    first = client.put("/v1/weights", data=encode(MODEL))
    client.post("/v1/gradients", json={"gradients": {"b": [1, 1]}})
    assert client.delete("/v1/weights").status_code == 204
    problem(client.get("/v1/weights"), 404, "no-model")
    problem(client.get("/v1/weights/averaged"), 404, "no-model")
    assert client.get("/v1/variables").json() == []
    assert client.get("/v1/optimizer").json()["config"]["optimizer"]["config"]["momentum"] == 0.9
    second = client.put("/v1/weights", data=encode({"other": f32(1)}))
    assert second.status_code == 201
    assert second.headers["Model-Epoch"] != first.headers["Model-Epoch"]
    assert client.status()["iterations"] == 0


def test_names_may_be_any_text(client):
    names = ["a/b:0", "ключ", "💡", "x" * 512, " ", '"\\']
    client.put("/v1/weights", data=encode({name: f32(index) for index, name in enumerate(names)}))
    assert [v["name"] for v in client.get("/v1/variables").json()] == names
    document = client.get("/v1/weights?format=json").json()["variables"]
    assert document == {name: [float(index)] for index, name in enumerate(names)}


def test_names_are_told_apart_by_their_bytes(client):
    names = ["\u00e9", "e\u0301", "\u2126", "\u03a9"]
    assert client.put("/v1/weights", data=encode({name: f32(index) for index, name in enumerate(names)})).ok
    assert [v["name"] for v in client.get("/v1/variables").json()] == names
    assert client.post("/v1/gradients", json={"gradients": {names[1]: [100]}}).ok
    document = client.get("/v1/weights?format=json").json()["variables"]
    assert document == {names[0]: [0], names[1]: [0], names[2]: [2], names[3]: [3]}
    response = client.get("/v1/weights", params={"names": names[2], "format": "json"})
    assert response.json()["variables"] == {names[2]: [2]}
    assert client.delete("/v1/weights").ok
    assert client.put("/v1/weights", json={"variables": {names[0]: [1]}}).ok
    problem(client.put("/v1/weights", json={"variables": {names[1]: [1]}}), 409, "model-mismatch")


def test_what_json_says_of_a_model_makes_the_same_model(client):
    model = {"z": f32(1), "a": f32(2), "n": numpy.array([3], "<i8"), "m": f32(4)}
    client.put("/v1/weights?non_trainable=a", data=encode(model))
    before = client.get("/v1/variables").json()
    content = client.get("/v1/weights").content
    text = client.get("/v1/weights?format=json").content
    assert client.delete("/v1/weights").ok
    headers = {"Content-Type": "application/json"}
    assert client.put("/v1/weights", data=text, headers=headers).status_code == 201
    assert client.get("/v1/variables").json() == before
    again = client.get("/v1/weights").content
    assert content[8 + int.from_bytes(content[:8], "little") :] == again[8 + int.from_bytes(again[:8], "little") :]
    assert client.delete("/v1/weights").ok
    wrong = {"variables": {"a": [1]}, "metadata": {"order": "a"}}
    problem(client.put("/v1/weights", json=wrong), 422, "malformed-body")
