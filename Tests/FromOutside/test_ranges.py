"""Conditional GETs and ranges of bytes (RFC 9110, sections 13 and 14)."""

import numpy
import pytest

from server import problem
from tensors import encode, f32
from wire import Wire

PATHS = [
    "/v1/weights",
    "/v1/weights/averaged",
    "/v1/optimizer/weights",
    "/v1/optimizer/slots/momentum",
    "/v1/optimizer/slots/average",
    "/v1/weights?names=b",
    "/v1/weights?dtype=F16",
    "/v1/weights/averaged?rows=w:1,0,1",
]


@pytest.fixture
def model(client):
    sgd = {"class_name": "SGD", "config": {"learning_rate": 0.5, "momentum": 0.9}}
    client.put("/v1/optimizer", json={"class_name": "SWA", "config": {"optimizer": sgd, "average_period": 1}})
    client.put("/v1/weights", data=encode({"w": f32([1, 2, 3], [4, 5, 6]), "b": f32(0.5, -0.5)}))
    push(client)
    return client


def push(client):
    assert client.post("/v1/gradients", json={"gradients": {"b": [1, 1]}}).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_a_range_is_206(model, path):
    whole = model.get(path)
    assert whole.headers["Accept-Ranges"] == "bytes"
    n = len(whole.content)
    wanted = {
        "bytes=0-0": (0, 1),
        "bytes=0-": (0, n),
        "bytes=5-9": (5, 10),
        f"bytes={n - 1}-": (n - 1, n),
        f"bytes=7-{n + 100}": (7, n),
        "bytes=3-99999999999999999999999": (3, n),
        "bytes=-1": (n - 1, n),
        f"bytes=-{n}": (0, n),
        "bytes=-99999999999999999999999": (0, n),
        "BYTES=2-3": (2, 4),
        "bytes= 2-3": (2, 4),
        "bytes=,2-3,": (2, 4),
    }
    for value, (begin, end) in wanted.items():
        part = model.get(path, headers={"Range": value})
        assert part.status_code == 206, value
        assert part.content == whole.content[begin:end], value
        assert part.headers["Content-Range"] == f"bytes {begin}-{end - 1}/{n}"
        for name in ("ETag", "Content-Type", "Weights-Iteration", "Model-Epoch", "Vary", "Cache-Control"):
            assert part.headers[name] == whole.headers[name]


def test_every_cut_in_two_fits_together(model):
    for path, step in [("/v1/weights?names=b", 5), ("/v1/optimizer/weights", 37)]:
        whole = model.get(path).content
        for cut in range(1, len(whole), step):
            first = model.get(path, headers={"Range": f"bytes=0-{cut - 1}"}).content
            rest = model.get(path, headers={"Range": f"bytes={cut}-"}).content
            assert first + rest == whole


@pytest.mark.parametrize(
    "value", ["bytes=0-1,3-4", "lines=0-1", "bytes=5-4", "bytes=a-b", "bytes", "bytes=", "bytes=-", "bytes=0-1-2", "0-5"]
)
def test_several_ranges_and_what_is_none_are_the_whole(model, value):
    response = model.get("/v1/weights", headers={"Range": value})
    assert response.status_code == 200
    assert "Content-Range" not in response.headers


@pytest.mark.parametrize("value", ["bytes=100000-", "bytes=100000-100001", "bytes=-0", "bytes=99999999999999999999-"])
def test_a_range_beyond_the_end_is_416(model, value):
    n = len(model.get("/v1/weights").content)
    response = model.get("/v1/weights", headers={"Range": value})
    problem(response, 416, "invalid-header")
    assert response.headers["Content-Range"] == f"bytes */{n}"


def test_json_has_no_ranges(model):
    response = model.get("/v1/weights?format=json", headers={"Range": "bytes=0-1"})
    assert response.status_code == 200
    assert response.headers["Accept-Ranges"] == "none"
    assert response.json()


def test_head_has_no_ranges(model):
    response = model.head("/v1/weights", headers={"Range": "bytes=0-1"})
    assert response.status_code == 200
    assert int(response.headers["Content-Length"]) == len(model.get("/v1/weights").content)


def test_if_range_gives_the_whole_when_the_tag_is_another(model):
    whole = model.get("/v1/weights")
    tag = whole.headers["ETag"]
    for value, status in [(tag, 206), ('"x"', 200), ("W/" + tag, 200), ("Wed, 21 Oct 2015 07:28:00 GMT", 200)]:
        response = model.get("/v1/weights", headers={"Range": "bytes=0-3", "If-Range": value})
        assert response.status_code == status, value
    push(model)
    response = model.get("/v1/weights", headers={"Range": "bytes=999999-", "If-Range": tag})
    assert response.status_code == 200
    assert response.content == model.get("/v1/weights").content
    assert response.headers["ETag"] != tag


@pytest.mark.parametrize("path", PATHS)
def test_if_none_match_is_304_with_the_fields_of_200(model, path):
    whole = model.get(path)
    tag = whole.headers["ETag"]
    for value in (tag, "W/" + tag, f'"x", W/"y",{tag}', "*"):
        for method in ("GET", "HEAD"):
            response = model.request(method, path, headers={"If-None-Match": value, "Range": "bytes=0-1"})
            assert response.status_code == 304, value
            for name in ("ETag", "Cache-Control", "Vary", "Weights-Iteration", "Model-Epoch"):
                assert response.headers[name] == whole.headers[name]
    for value in ('"x"', tag.strip('"'), tag.upper() + "x", ""):
        assert model.get(path, headers={"If-None-Match": value}).status_code == 200, value
    push(model)
    fresh = model.get(path, headers={"If-None-Match": tag})
    assert fresh.status_code == 200
    assert fresh.headers["ETag"] != tag


@pytest.mark.parametrize("path", PATHS)
def test_if_match_is_412_when_the_tag_is_another(model, path):
    tag = model.get(path).headers["ETag"]
    for value in (tag, f'"x", {tag}', "*"):
        assert model.get(path, headers={"If-Match": value}).status_code == 200
        assert model.head(path, headers={"If-Match": value}).status_code == 200
    for value in ('"x"', "W/" + tag):
        document = problem(model.get(path, headers={"If-Match": value}), 412, "precondition-failed")
        assert tag in document["detail"]
        assert model.head(path, headers={"If-Match": value}).status_code == 412
    both = {"If-Match": '"x"', "If-None-Match": tag}
    assert model.get(path, headers=both).status_code == 412
    both = {"If-Match": tag, "If-None-Match": tag, "Range": "bytes=0-1"}
    assert model.get(path, headers=both).status_code == 304
    push(model)
    problem(model.get(path, headers={"If-Match": tag}), 412, "precondition-failed")


def test_dates_count_for_nothing(model):
    date = "Wed, 21 Oct 2035 07:28:00 GMT"
    headers = {"If-Modified-Since": date, "If-Unmodified-Since": "Wed, 21 Oct 2015 07:28:00 GMT"}
    assert model.get("/v1/weights", headers=headers).status_code == 200


def test_a_slot_has_a_tag_that_follows_its_bytes(model):
    """Whatever is done to the optimizer, one tag is one sequence of bytes."""
    seen = {}
    paths = ["/v1/optimizer/slots/momentum", "/v1/optimizer/slots/average", "/v1/optimizer/weights"]

    def look():
        for path in paths:
            response = model.get(path)
            if response.status_code == 200:
                tag = (path, response.headers["ETag"])
                assert seen.setdefault(tag, response.content) == response.content

    weights = model.get("/v1/weights").content
    state = model.get("/v1/optimizer/weights").content
    steps = [
        lambda: push(model),
        lambda: model.patch("/v1/optimizer", json={"optimizer": {"config": {"momentum": 0}}}),
        lambda: model.patch("/v1/optimizer", json={"optimizer": {"config": {"momentum": 0.9}}}),
        lambda: model.put("/v1/weights", data=weights),
        lambda: push(model),
        lambda: model.delete("/v1/weights/averaged"),
        lambda: model.put("/v1/optimizer/weights", data=state),
        lambda: push(model),
    ]
    for step in steps:
        look()
        step()
    look()
    assert len(seen) > 12


def test_a_large_file_is_resumed_in_the_middle(client):
    w = numpy.arange(1_000_000, dtype="<f4")
    client.put("/v1/weights", data=encode({"w": w, "b": f32(1)}))
    whole = client.get("/v1/weights")
    with Wire(client.server) as wire:
        wire.send(b"GET /v1/weights HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while len(wire.buffer) < 700_000:
            wire.fill()
        got = wire.buffer.split(b"\r\n\r\n", 1)[1]
    headers = {"Range": f"bytes={len(got)}-", "If-Range": whole.headers["ETag"]}
    rest = client.get("/v1/weights", headers=headers)
    assert rest.status_code == 206
    assert got + rest.content == whole.content
