"""Bad input gets a clear problem, and changes nothing."""

import json
import re
import struct

import numpy
import pytest

from server import Client, problem
from tensors import encode, f32
from wire import Wire, until

MODEL = {"w": f32([1, 2, 3], [4, 5, 6]), "b": f32(0.5, -0.5), "n": numpy.array([1, 2], "<i4")}


@pytest.fixture
def model(client):
    """A client of a server that holds a trained model; whatever a test does to it must change nothing."""
    client.put("/v1/weights", data=encode(MODEL))
    client.post("/v1/gradients", data=encode({"b": f32(1, 1)}))
    before = client.state()
    yield client
    assert client.state() == before


def file(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


BAD_GRADIENTS = [
    ("unknown-variable", encode({"v": f32(1)}), "v"),
    ("unknown-variable", encode({"b": f32(1, 1), "v": f32(1)}), "v"),
    ("shape-mismatch", encode({"w": f32([1, 2], [3, 4], [5, 6])}), "w"),
    ("shape-mismatch", encode({"w": f32(1, 2, 3, 4, 5, 6)}), "w"),
    ("shape-mismatch", encode({"b": f32(1)}), "b"),
    ("dtype-mismatch", encode({"b": numpy.array([1, 1], "<i8")}), "b"),
    ("dtype-mismatch", encode({"b": numpy.array([True, False])}), "b"),
    ("dtype-mismatch", encode({"b": f32(1, 1), "n": numpy.array([1, 2], "<i8")}), "n"),
    ("shape-mismatch", encode({"b": f32(1, 1), "n": numpy.array([1], "<i4")}), "n"),
    ("non-finite-gradient", encode({"b": f32(1, numpy.nan)}), "b"),
    ("non-finite-gradient", encode({"w": f32([0, 0, 0], [0, numpy.inf, 0]), "b": f32(1, 1)}), "w"),
    ("non-finite-gradient", encode({"b": numpy.array([1, -numpy.inf], "<f2")}), "b"),
    ("non-finite-gradient", encode({"b": numpy.array([1, 1e300], "<f8")}), "b"),
    ("no-gradients", encode({}), None),
    ("no-gradients", encode({"n": numpy.array([5, 6], "<i4")}), None),
]


@pytest.mark.parametrize("name,body,variable", BAD_GRADIENTS, ids=range(len(BAD_GRADIENTS)))
def test_gradients_that_mean_something_wrong_are_422(model, name, body, variable):
    document = problem(model.post("/v1/gradients", data=body), 422, name)
    if variable is not None:
        assert document["variable"] == variable
        assert f"{variable}" in document["detail"]


BAD_JSON_GRADIENTS = [
    ("unknown-variable", {"gradients": {"v": [1]}}, "v"),
    ("shape-mismatch", {"gradients": {"b": [1]}}, "b"),
    ("shape-mismatch", {"gradients": {"b": [[1, 2]]}}, "b"),
    ("shape-mismatch", {"gradients": {"w": [[1, 2, 3], [4, 5]]}}, "w"),
    ("non-finite-gradient", {"gradients": {"b": ["NaN", 1]}}, "b"),
    ("dtype-mismatch", {"gradients": {"b": [1e39, 1]}}, "b"),
    ("no-gradients", {"gradients": {}}, None),
]


@pytest.mark.parametrize("name,body,variable", BAD_JSON_GRADIENTS)
def test_json_gradients_that_mean_something_wrong_are_422(model, name, body, variable):
    document = problem(model.post("/v1/gradients", json=body), 422, name)
    if variable is not None:
        assert document["variable"] == variable


@pytest.mark.parametrize(
    "body",
    [
        {"gradient": {"b": [1, 1]}},
        {"gradients": [1]},
        {"gradients": {"b": {"x": 1}}},
        {"gradients": {"b": "one"}},
        {"gradients": {"b": [True, None]}},
        {"gradients": {"b": {"dtype": "F33", "shape": [2], "data": [1, 1]}}},
        [],
        1,
        {"gradients": {"b": {"dtype": "F32", "shape": [2], "data": [1]}}},
        {"gradients": {"b": [1, 1]}, "variables": {}},
        {"variables": {"b": [1, 1]}},
    ],
    ids=json.dumps,
)
def test_json_of_another_form_is_refused(model, body):
    response = model.post("/v1/gradients", json=body)
    assert response.status_code in (400, 422)
    assert len(response.json()["detail"]) > 10


BAD_FILES = {
    "empty": b"",
    "seven bytes": b"\0" * 7,
    "eight zeros": b"\0" * 8,
    "only a length": struct.pack("<Q", 10),
    "length beyond the content": file({}, length=1000),
    "length beyond all limits": file({}, length=2**63),
    "length beyond 16 MiB": file({}, length=17 << 20),
    "no JSON": file(b"hello"),
    "no object": file([]),
    "duplicate name": file(
        b'{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        b"\0" * 8,
    ),
    "unknown dtype": file({"b": entry("F31", [2], 0, 8)}, b"\0" * 8),
    "missing field": file({"b": {"dtype": "F32", "shape": [2]}}, b"\0" * 8),
    "negative extent": file({"b": entry("F32", [-2], 0, 8)}, b"\0" * 8),
    "fraction": file({"b": entry("F32", [2.5], 0, 8)}, b"\0" * 8),
    "size and shape disagree": file({"b": entry("F32", [2], 0, 4)}, b"\0" * 4),
    "shape overflows": file({"b": entry("F32", [2**32, 2**32], 0, 0)}),
    "end before begin": file({"b": entry("F32", [2], 8, 0)}, b"\0" * 8),
    "data cut": file({"b": entry("F32", [2], 0, 8)}, b"\0" * 7),
    "data too long": file({"b": entry("F32", [2], 0, 8)}, b"\0" * 9),
    "hole at the front": file({"b": entry("F32", [2], 4, 12)}, b"\0" * 12),
    "hole between": file({"b": entry("F32", [2], 0, 8), "w": entry("F32", [2, 3], 12, 36)}, b"\0" * 36),
    "overlap": file({"b": entry("F32", [2], 0, 8), "w": entry("F32", [2, 3], 4, 28)}, b"\0" * 28),
    "metadata with numbers": file({"__metadata__": {"a": 1}, "b": entry("F32", [2], 0, 8)}, b"\0" * 8),
    "bad UTF-8": file(b'{"\xff\xfe":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', b"\0" * 8),
}


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES)
@pytest.mark.parametrize("method,path", [("PUT", "/v1/weights"), ("POST", "/v1/gradients")])
def test_a_malformed_file_is_400(model, method, path, content):
    problem(model.request(method, path, data=content), 400, "malformed-body")


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES)
def test_a_malformed_file_creates_nothing(client, content):
    problem(client.put("/v1/weights", data=content), 400, "malformed-body")
    assert client.status()["model_epoch"] is None


@pytest.mark.parametrize("method,path", [("PUT", "/v1/weights"), ("POST", "/v1/gradients")])
def test_a_file_beyond_the_limits_of_models_is_422(model, method, path):
    deep = file({"w": entry("F32", [1] * 33, 0, 4)}, b"\0" * 4)
    assert problem(model.request(method, path, data=deep), 422, "shape-mismatch")["variable"] == "w"
    many = file({f"w{k}": entry("F32", [0], 0, 0) for k in range(100_001)})
    assert "100000" in problem(model.request(method, path, data=many), 422, "malformed-body")["detail"]


BAD_NAMES = {
    "comma": "a,b",
    "empty": "",
    "newline": "a\nb",
    "delete": "a\x7fb",
    "long": "x" * 513,
    "long in bytes": "ä" * 257,
    "terminal": "\x1b[31mEVIL\x07\x9b",
    "very long": "x" * 1_000_000,
}


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES)
@pytest.mark.parametrize("form", ["safetensors", "json"])
def test_a_name_that_no_variable_may_have_is_422(client, name, form):
    if form == "json":
        response = client.put("/v1/weights", json={"variables": {name: [1]}})
    else:
        response = client.put("/v1/weights", data=encode({name: f32(1)}))
    document = problem(response, 422, "invalid-name")
    for text in (document["detail"], document["variable"]):
        assert not re.search("[\0-\x1f\x7f-\x9f]", text)
        assert "x" * 201 not in text
    assert "expected 1 to 512 bytes" in document["detail"]
    assert client.get("/v1/variables").json() == []


@pytest.mark.parametrize("names", [("emb", "emb/indices"), ("emb/values", "emb")])
def test_names_that_a_sparse_gradient_needs_are_422(client, names):
    response = client.put("/v1/weights", data=encode({name: f32(1) for name in names}))
    problem(response, 422, "invalid-name")
    assert client.get("/v1/variables").json() == []


@pytest.mark.parametrize("order", ['["w"]', '["w","b","n","x"]', '["w","b","b"]', "w,b,n", "{}"])
def test_an_order_that_is_not_of_these_variables_is_refused(client, order):
    response = client.put("/v1/weights", data=encode(MODEL, {"order": order}))
    assert response.status_code in (400, 422)
    assert client.get("/v1/variables").json() == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"variables":{"w":[1,]}}',
        b'{"variables":{"w":[1]}} x',
        b'{"variables":{"w":[1],"w":[2]}}',
        b'{"variables":{"w":[1]},"variables":{}}',
        b'{"variables":{"w":[NaN]}}',
        b'{"variables":{"w":[.5]}}',
        b'{"variables":{"\xff":[1]}}',
        b'{"variables":{"w":' + b"[" * 100_000,
    ],
    ids=["empty", "cut", "comma", "more", "duplicate", "duplicate key", "NaN", "number", "utf8", "deep"],
)
def test_malformed_json_is_400(model, content):
    headers = {"Content-Type": "application/json"}
    problem(model.put("/v1/weights", data=content, headers=headers), 400, "malformed-body")


@pytest.mark.parametrize(
    "variables",
    [
        {"w": [[1, 2], [3]]},
        {"w": [[1], 2]},
        {"w": {"dtype": "F32", "shape": [2], "data": [1]}},
        {"w": None},
        {"w": {"dtype": "C64", "shape": [], "data": [1]}},
        {"w": {"dtype": "F32", "shape": [-1], "data": []}},
        {"w": {"shape": [1], "data": [1]}},
        {"w": "one"},
        {"w": {"dtype": "F32", "shape": [1] * 33, "data": [1]}},
    ],
    ids=json.dumps,
)
def test_json_that_is_no_tensor_is_refused(client, variables):
    response = client.put("/v1/weights", json={"variables": variables})
    assert response.status_code in (400, 422)
    assert "w" in response.json()["detail"]
    assert client.get("/v1/variables").json() == []


@pytest.mark.parametrize(
    "media", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
def test_forms_and_text_are_415_with_the_way_out(model, media):
    for method, path in (("PUT", "/v1/weights"), ("POST", "/v1/gradients")):
        response = model.request(method, path, data=encode({"b": f32(1, 1)}), headers={"Content-Type": media})
        detail = problem(response, 415, "unsupported-media-type")["detail"]
        assert "use -T FILE, or add -H 'Content-Type: application/octet-stream'" in detail


@pytest.mark.parametrize("media", ["application/xml", "image/png", "nonsense", "application/merge-patch+json"])
def test_other_types_are_415(model, media):
    for method, path in (("PUT", "/v1/weights"), ("POST", "/v1/gradients")):
        response = model.request(method, path, data=encode({"b": f32(1, 1)}), headers={"Content-Type": media})
        problem(response, 415, "unsupported-media-type")


def test_json_may_say_its_charset(client):
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.put("/v1/weights", data=b'{"variables":{"w":[1]}}', headers=headers).status_code == 201


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "gzip, identity"])
def test_content_encodings_are_415(model, coding):
    for method, path in (("PUT", "/v1/weights"), ("POST", "/v1/gradients")):
        response = model.request(method, path, data=encode({"b": f32(1, 1)}), headers={"Content-Encoding": coding})
        problem(response, 415, "unsupported-media-type")


def test_identity_is_no_encoding(client):
    headers = {"Content-Encoding": "identity"}
    assert client.put("/v1/weights", data=encode(MODEL), headers=headers).status_code == 201


def test_a_body_larger_than_the_limit_is_413(start):
    with Client(start("--max-body-bytes", "1000")) as client:
        client.put("/v1/weights", data=encode({"w": numpy.zeros(100, "<f4")}))
        before = client.state()
        large = encode({"w": numpy.zeros(10_000, "<f4")})
        for method, path in (("PUT", "/v1/weights"), ("POST", "/v1/gradients")):
            document = problem(client.request(method, path, data=large), 413, "too-large")
            assert "1000" in document["detail"]
        assert client.state() == before


def test_a_chunked_body_that_grows_beyond_the_limit_is_413(start):
    with Client(start("--max-body-bytes", "1000")) as client:
        pieces = [b'{"variables":{"w":[1]}', b" " * 600, b" " * 600, b"}"]
        headers = {"Content-Type": "application/json"}
        problem(client.put("/v1/weights", data=iter(pieces), headers=headers), 413, "too-large")
        assert client.get("/v1/variables").json() == []


def test_json_larger_than_16_mib_is_413(model):
    content = b'{"gradients":{"b":[1,1]' + b" " * (17 << 20) + b"}}"
    headers = {"Content-Type": "application/json"}
    detail = problem(model.post("/v1/gradients", data=content, headers=headers), 413, "too-large")["detail"]
    assert "16777216 bytes" in detail and "JSON" in detail and "safetensors" in detail


DETAILS = [
    ([], "gradients", "came a list"),
    ({"gradients": {"b": [1e39, 1]}}, "'b'[0]", "1e+39"),
    ({"gradients": {"b": [1, 1], "n": [7, 2**31]}}, "'n'[1]", "2147483648"),
    ({"gradients": {"b": [1, 1], "n": [1.0, 2]}}, "without fraction and exponent", "came 1.0"),
    ({"gradients": {"b": [1, 1], "n": [1, "NaN"]}}, "I32", '"NaN"'),
    ({"gradients": {"b": {"dtype": "F32", "shape": [2]}}}, "'b'", "'data'"),
]


@pytest.mark.parametrize("body,expected,came", DETAILS, ids=[json.dumps(row[0]) for row in DETAILS])
def test_a_detail_says_what_was_expected_and_what_came(model, body, expected, came):
    document = model.post("/v1/gradients", json=body).json()
    assert document["status"] == 422
    assert expected in document["detail"] and came in document["detail"]
    if body:
        assert document["variable"] in body["gradients"]


def test_a_number_of_any_length_is_cut_in_the_detail(model):
    content = b'{"gradients":{"b":[1' + b"0" * 100_000 + b",1]}}"
    response = model.post("/v1/gradients", data=content, headers={"Content-Type": "application/json"})
    detail = problem(response, 422, "dtype-mismatch")["detail"]
    assert "out of the range of F32: 1000" in detail and len(detail) < 200


def test_an_empty_header_is_called_so(model):
    detail = problem(model.put("/v1/weights", data=b"\0" * 8), 400, "malformed-body")["detail"]
    assert "the header is empty" in detail


@pytest.mark.parametrize("length", [b"9000000000000000000", b"99999999999999999999999"])
def test_a_declared_length_beyond_reason_is_413_at_once(model, server, length):
    with Wire(server) as wire:
        wire.send(b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + length + b"\r\n\r\n")
        assert wire.answer("POST", "/v1/gradients").status == 413


@pytest.mark.parametrize("method,path", [("PUT", "/v1/weights"), ("POST", "/v1/gradients")])
@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("part", [0, 4, 40, 150])
def test_a_body_cut_short_changes_nothing(model, server, method, path, framing, part):
    content = encode({"w": f32([9, 9, 9], [9, 9, 9]), "b": f32(9, 9), "n": numpy.array([9, 9], "<i4")})
    assert len(content) > 150
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n".encode()
    if framing == "length":
        head += b"Content-Length: %d\r\n\r\n" % len(content) + content[:part]
    else:
        head += b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(content) + content[:part]
    with Wire(server) as wire:
        wire.send(head)
        wire.finish()
        received = wire.socket.recv(65536)
        assert received == b"" or received.startswith((b"HTTP/1.1 400", b"HTTP/1.1 408"))


def test_a_connection_reset_in_mid_body_changes_nothing(model, server):
    content = encode({"w": f32([9, 9, 9], [9, 9, 9])})
    with Wire(server) as wire:
        wire.send(b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(content))
        wire.send(content[:-1])
        wire.socket.setsockopt(1, 13, struct.pack("ii", 1, 0))


def test_text_of_the_request_comes_back_escaped_and_cut(model):
    name = '<script>"\\\u0001' + "x" * 400
    response = model.post("/v1/gradients", json={"gradients": {name: [1]}})
    assert response.status_code == 422
    detail = response.json()["detail"]
    assert "\u0001" not in detail
    assert "x" * 201 not in detail


def test_a_body_that_comes_too_slowly_is_408(start):
    server = start("--body-min-rate", "1GiB", "--head-timeout", "0.3")
    with Wire(server) as wire:
        wire.send(b"GET /v1/status HTTP/1.1\r\nHost: loc")
        assert wire.answer("GET", "/v1/status").status == 408
        assert wire.is_closed()


def test_an_idle_connection_is_closed_silently(start):
    with Wire(start("--idle-timeout", "0.2")) as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.answer("GET", "/healthz").status == 200
        assert wire.is_closed()


def test_at_the_limit_of_connections_the_oldest_idle_one_goes(start):
    server = start("--max-connections", "4")
    wires = [Wire(server) for _ in range(4)]
    for wire in wires:
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.answer("GET", "/healthz").status == 200
    with Wire(server) as fifth:
        fifth.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert fifth.answer("GET", "/healthz").status == 200
    until(wires[0].is_closed)
    for wire in wires:
        wire.socket.close()
