"""Parts of the weights, averages and slots, and other types: names, prefix, dtype, rows."""

import itertools
import json

import numpy
import pytest
from safetensors import deserialize

from server import Client, problem
from tensors import BF16, encode, f32, header, metadata

EMBEDDING = numpy.arange(24, dtype="<f4").reshape(6, 4)
MODEL = {
    "layer1.w": f32([1, 2, 3], [4, 5, 6]),
    "layer1.b": f32(0.5, -0.5),
    "layer2.w": f32([7], [8]),
    "layer2.mean": f32(0.25, 0.75),
    "half": numpy.array([1.5, 2.5, -3.5], "<f2"),
    "brain": BF16([1.5, -2]),
    "double": numpy.array([0.1, 1e300]),
    "emb": EMBEDDING,
    "count": numpy.array(3, "<i8"),
    "flag": numpy.array([True, False, True]),
    "a:b": f32([1], [2], [3]),
    "scalar": f32(5)[0],
}
PATHS = ("/v1/weights", "/v1/weights/averaged", "/v1/optimizer/slots/momentum", "/v1/optimizer/slots/average")
FLOATS = [name for name, value in MODEL.items() if name not in ("count", "flag")]
SLOTTED = [name for name in FLOATS if name != "layer2.mean"]


@pytest.fixture
def model(client):
    """A model after one push and one snapshot."""
    sgd = {"class_name": "SGD", "config": {"learning_rate": 0.5, "momentum": 0.9}}
    client.put("/v1/optimizer", json={"class_name": "SWA", "config": {"optimizer": sgd, "average_period": 2}})
    content = encode(MODEL, {"non_trainable": json.dumps(["layer2.mean"])})
    assert client.put("/v1/weights", data=content).status_code == 201
    gradients = {"layer1.w": f32([1, 1, 1], [1, 1, 1]), "emb": numpy.full((6, 4), 2, "<f4"), "half": f32(1, 1, 1)}
    assert client.post("/v1/gradients", data=encode(gradients)).status_code == 200
    return client


def raw(response):
    """The tensors of a safetensors answer as (dtype, shape, bytes)."""
    assert response.status_code == 200, response.text
    return {name: (t["dtype"], t["shape"], bytes(t["data"])) for name, t in deserialize(response.content)}


def names(response):
    return set(raw(response))


def test_names_select(model):
    for path in PATHS:
        whole = raw(model.get(path))
        response = model.get(path + "?names=layer1.b,emb")
        assert raw(response) == {name: whole[name] for name in ("layer1.b", "emb")}
        assert raw(model.get(path + "?names=emb,layer1.b,emb")) == raw(response)


def test_prefix_selects_and_is_united_with_names(model):
    for path in PATHS:
        whole = raw(model.get(path))
        ones = {"layer1.w", "layer1.b"}
        assert raw(model.get(path + "?prefix=layer1.")) == {name: whole[name] for name in ones}
        assert names(model.get(path + "?prefix=layer1.&names=scalar,layer1.w")) == ones | {"scalar"}
        assert names(model.get(path + "?prefix=layer1.,emb")) == ones | {"emb"}
        assert raw(model.get(path + "?prefix=")) == whole


def test_names_are_split_before_they_are_decoded(client):
    client.put("/v1/weights", data=encode({"a b": f32(1), "é/1": f32(2), "c": f32(3)}))
    assert names(client.get("/v1/weights?names=a%20b,%C3%A9%2F1")) == {"a b", "é/1"}
    problem(client.get("/v1/weights?names=a%20b%2Cc"), 404, "not-found")


def test_what_is_not_there_is_404(model):
    queries = ["names=x", "names=emb,x", "names=", "prefix=x", "prefix=x&names=", "rows=x:0"]
    for path, query in itertools.product(PATHS, queries):
        document = problem(model.get(f"{path}?{query}"), 404, "not-found")
        if "x" in query and query[0] != "p":
            assert "'x'" in document["detail"]


def test_a_slot_has_no_untrained_variable(model):
    assert names(model.get("/v1/optimizer/slots/momentum")) == set(SLOTTED)
    problem(model.get("/v1/optimizer/slots/momentum?names=count"), 404, "not-found")
    assert names(model.get("/v1/weights/averaged?names=count")) == {"count"}


def as_floats(dtype, data):
    if dtype == "BF16":
        return (numpy.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
    return numpy.frombuffer(data, {"F16": "<f2", "F32": "<f4", "F64": "<f8"}[dtype])


def converted(values, dtype):
    """The bytes of floats as another type, rounded to nearest, ties to even."""
    with numpy.errstate(over="ignore"):
        if dtype != "BF16":
            return values.astype({"F16": "<f2", "F32": "<f4", "F64": "<f8"}[dtype]).tobytes()
        bits = values.astype("<f4").view("<u4").astype("<u8")
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2").tobytes()


def test_dtype_converts_floats_and_never_integers(model):
    for path, dtype in itertools.product(PATHS, ["F16", "BF16", "F32", "F64"]):
        whole, other = raw(model.get(path)), raw(model.get(f"{path}?dtype={dtype}"))
        assert whole.keys() == other.keys()
        for name, (own, shape, data) in whole.items():
            if name in ("count", "flag"):
                assert other[name] == (own, shape, data)
            else:
                assert other[name][:2] == (dtype, shape)
                assert other[name][2] == converted(as_floats(own, data), dtype), name


def test_averages_of_halves_are_float32_unless_asked_otherwise(model):
    assert raw(model.get("/v1/weights"))["half"][0] == "F16"
    assert raw(model.get("/v1/weights/averaged"))["half"][0] == "F32"
    assert raw(model.get("/v1/weights/averaged?dtype=F16"))["half"][0] == "F16"


def test_tensors_of_a_selection_are_aligned(model):
    content = model.get("/v1/weights?dtype=F64&names=count,flag,half,layer2.mean,emb").content
    for name, entry in header(content).items():
        if name != "__metadata__":
            size = {"F64": 8, "I64": 8, "BOOL": 1}[entry["dtype"]]
            assert entry["data_offsets"][0] % size == 0, name


def test_rows_are_given_in_order_as_often_as_they_are_named(model):
    for path, rows in itertools.product(PATHS, [[1, 5, 3], [2], [0, 0, 4, 0], [5, 4, 3, 2, 1, 0]]):
        whole = raw(model.get(path))
        response = model.get(f"{path}?rows=emb:{','.join(map(str, rows))}")
        ((name, (dtype, shape, data)),) = raw(response).items()
        assert (name, dtype, shape) == ("emb", "F32", [len(rows), 4])
        expected = numpy.frombuffer(whole["emb"][2], "<f4").reshape(6, 4)[rows]
        assert data == expected.tobytes()


def test_rows_are_split_at_the_last_colon(model):
    assert raw(model.get("/v1/weights?rows=a:b:2,0"))["a:b"][1:] == ([2, 1], f32(3, 1).tobytes())
    assert raw(model.get("/v1/weights?rows=a%3Ab:1"))["a:b"][1:] == ([1, 1], f32(2).tobytes())


def test_rows_of_other_types_and_as_other_types(model):
    assert raw(model.get("/v1/weights?rows=flag:2,1")) == {"flag": ("BOOL", [2], b"\x01\x00")}
    assert raw(model.get("/v1/weights?rows=flag:2&dtype=F64")) == {"flag": ("BOOL", [1], b"\x01")}
    got = raw(model.get("/v1/weights?rows=emb:5,0&dtype=F64"))["emb"]
    assert got[:2] == ("F64", [2, 4])
    assert got[2] == (EMBEDDING - 1)[[5, 0]].astype("<f8").tobytes()


@pytest.mark.parametrize("query", ["rows=emb:6", "rows=emb:0,99999999999", "rows=scalar:0"])
def test_a_row_that_is_not_there_is_404(model, query):
    document = problem(model.get("/v1/weights?" + query), 404, "index-out-of-range")
    assert document["variable"] in query


NONSENSE = [
    "rows=emb",
    "rows=emb:",
    "rows=emb:-1",
    "rows=emb:1.5",
    "rows=emb:1,",
    "rows=emb:99999999999999999999",
    "rows=emb:1&names=emb",
    "rows=emb:1&prefix=e",
    "dtype=I64",
    "dtype=f32",
    "dtype=",
    "names=%ff",
]


def test_a_selection_that_makes_no_sense_is_400(model):
    for path, query in itertools.product(PATHS, NONSENSE):
        document = problem(model.get(f"{path}?{query}"), 400, "unknown-parameter")
        assert document["field"] == query.split("=")[0]


def test_json_of_a_selection(model):
    document = model.get("/v1/weights?names=layer1.b,count,half&format=json").json()
    assert document["variables"] == {
        "layer1.b": [0.5, -0.5],
        "count": {"dtype": "I64", "shape": [], "data": [3]},
        "half": {"dtype": "F16", "shape": [3], "data": [1, 2, -4]},
    }
    assert model.get("/v1/weights?rows=emb:1&format=json").json()["variables"] == {"emb": [[3, 4, 5, 6]]}
    document = model.get("/v1/weights?names=half&dtype=F32&format=json").json()
    assert document["variables"] == {"half": [1, 2, -4]}


def test_a_part_creates_the_same_part_elsewhere(model, start):
    content = model.get("/v1/weights?names=half,layer2.mean,layer1.w,count,double").content
    assert "order" in metadata(content)
    wanted = {v["name"]: v for v in model.get("/v1/variables").json()}
    model.delete("/v1/weights")
    assert model.put("/v1/weights", data=content).status_code == 201
    created = model.get("/v1/variables").json()
    assert [v["name"] for v in created] == ["layer1.w", "layer2.mean", "half", "double", "count"]
    assert created == [wanted[v["name"]] for v in created]


def test_each_selection_has_a_tag_of_its_own(model):
    queries = [
        "",
        "format=json",
        "dtype=F16",
        "dtype=BF16",
        "dtype=F64",
        "names=emb",
        "names=emb,layer1.b",
        "names=emb&dtype=F16",
        "names=emb&format=json",
        "prefix=layer",
        "rows=emb:1,2",
        "rows=emb:2,1",
        "rows=emb:1",
        "rows=emb:1,1",
        "rows=emb:1&dtype=F16",
    ]
    for path in PATHS:
        answers = {query: model.get(f"{path}?{query}") for query in queries}
        tags = {answer.headers["ETag"] for answer in answers.values()}
        assert len(tags) == len(queries)
        if path == "/v1/weights":
            assert len({answer.content for answer in answers.values()}) == len(queries)
        for query, answer in answers.items():
            tag = answer.headers["ETag"]
            assert model.get(f"{path}?{query}", headers={"If-None-Match": tag}).status_code == 304
            others = ", ".join(tags - {tag})
            assert model.get(f"{path}?{query}", headers={"If-None-Match": others}).status_code == 200
    all_tags = [model.get(path).headers["ETag"] for path in (*PATHS, "/v1/optimizer/weights")]
    assert len(set(all_tags)) == len(all_tags)


def test_what_changes_nothing_has_the_tag_of_the_whole(client):
    client.put("/v1/weights", data=encode({"w": f32(1), "b": f32(2)}))
    whole = client.get("/v1/weights")
    for query in ("dtype=F32", "names=b,w", "prefix=", "format=safetensors"):
        other = client.get("/v1/weights?" + query)
        assert (other.headers["ETag"], other.content) == (whole.headers["ETag"], whole.content)


def test_head_of_a_selection_is_get_without_content(model):
    for path in PATHS:
        for query in ("names=emb", "dtype=F16", "rows=emb:1,1,1", "names=emb&format=json"):
            get, head = model.get(f"{path}?{query}"), model.head(f"{path}?{query}")
            for response in (get, head):
                del response.headers["Date"]
            assert head.headers == get.headers


def test_a_push_may_pull_a_part(model):
    headers = {"Prefer": "return=representation"}
    gradients = encode({"emb": numpy.ones((6, 4), "<f4")})
    response = model.post("/v1/gradients?rows=emb:3,1&dtype=F64", data=gradients, headers=headers)
    assert response.headers["Preference-Applied"] == "return=representation"
    where = response.headers["Content-Location"]
    assert where.startswith("/v1/weights?")
    again = model.get(where)
    assert (again.headers["ETag"], again.content) == (response.headers["ETag"], response.content)
    assert raw(response)["emb"][:2] == ("F64", [2, 4])


def test_a_push_is_refused_for_a_bad_selection_and_not_applied(model):
    before = model.state()
    headers = {"Prefer": "return=representation"}
    gradients = encode({"emb": numpy.ones((6, 4), "<f4")})
    problem(model.post("/v1/gradients?names=x", data=gradients, headers=headers), 404, "not-found")
    problem(model.post("/v1/gradients?rows=emb:6", data=gradients, headers=headers), 404, "index-out-of-range")
    problem(model.post("/v1/gradients?dtype=I8", data=gradients, headers=headers), 400, "unknown-parameter")
    document = problem(model.post("/v1/gradients?names=emb", data=gradients), 400, "unknown-parameter")
    assert "return=representation" in document["detail"]
    assert model.state() == before


def test_a_push_stays_applied_when_its_weights_cannot_be_given(client):
    client.put("/v1/weights", data=encode({"w": numpy.full(9_000_000, 0.1, "<f4"), "b": f32(1)}))
    headers = {"Prefer": "return=representation", "Accept": "application/json"}
    response = client.post("/v1/gradients", json={"gradients": {"b": [1]}}, headers=headers)
    assert response.status_code == 200
    assert response.json()["iterations"] == client.status()["iterations"] == 1
    assert "Preference-Applied" not in response.headers


def test_rows_that_repeat_do_not_fill_the_memory(start):
    with Client(start("--max-held-bytes", "1048576")) as client:
        client.put("/v1/weights", data=encode({"w": numpy.zeros((4, 100_000), "<f4")}))
        assert client.get("/v1/weights?rows=w:1,1,1,1").status_code == 200
        document = problem(client.get("/v1/weights?rows=w:" + ",".join(["0"] * 5000)), 400, "unknown-parameter")
        assert document["field"] == "rows"
