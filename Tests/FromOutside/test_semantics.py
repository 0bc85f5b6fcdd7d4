"""RFC 9110's demands on an origin server, each with its paragraph: methods, negotiation, conditions, ranges."""

import re

import pytest

from server import Client, Server, problem
from tensors import encode, f32
from wire import Wire


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A server whose model has been pushed to once, and which no test changes."""
    server = Server(tmp_path_factory.mktemp("semantics"))
    with Client(server) as client:
        client.put("/v1/optimizer", json={"class_name": "SWA", "config": {"optimizer": "sgd", "average_period": 1}})
        client.put("/v1/weights", data=encode({"w": f32(*range(100))}))
        client.post("/v1/gradients", data=encode({"w": f32(*range(100))}))
        client.tag = client.get("/v1/weights").headers["ETag"]
        client.size = len(client.get("/v1/weights").content)
        yield client
    server.stop()


W = "/v1/weights"
JSON = {"Accept": "application/json"}
# Paragraph, method, path, fields, status, and fields of the answer; TAG stands for the present entity tag, SIZE for the
# size of the safetensors file.
TABLE = [
    ("9.3.1", "GET", W, {}, 200, {"ETag": "TAG", "Content-Length": "SIZE", "Accept-Ranges": "bytes"}),
    ("9.3.2", "HEAD", W, {}, 200, {"ETag": "TAG", "Content-Length": "SIZE", "Accept-Ranges": "bytes"}),
    ("9.3.2", "HEAD", "/openapi.yaml", {}, 200, {}),
    ("9.3.2", "HEAD", "/v1/nothing", {}, 404, {}),
    ("9.3.2", "HEAD", "/v1/gradients", {}, 405, {"Allow": "OPTIONS, POST"}),
    ("9.3.7", "OPTIONS", W, {}, 204, {"Allow": "DELETE, GET, HEAD, OPTIONS, PUT"}),
    ("9.3.7", "OPTIONS", "/v1/nothing", {}, 404, {}),
    ("9.3.8", "TRACE", W, {}, 405, {"Allow": "DELETE, GET, HEAD, OPTIONS, PUT"}),
    ("15.5.6", "PATCH", W, {}, 405, {"Allow": "DELETE, GET, HEAD, OPTIONS, PUT"}),
    ("9.1", "get", W, {}, 405, {"Allow": "DELETE, GET, HEAD, OPTIONS, PUT"}),
    ("9.1", "FOO", W, {}, 405, {"Allow": "DELETE, GET, HEAD, OPTIONS, PUT"}),
    # Negotiation.
    ("12.5.1", "GET", W, {"Accept": "*/*"}, 200, {"Content-Type": "application/octet-stream", "Vary": "Accept"}),
    ("12.5.1", "GET", W, JSON, 200, {"Content-Type": "application/json", "Vary": "Accept"}),
    ("12.5.1", "GET", W, {"Accept": "APPLICATION/JSON"}, 200, {"Content-Type": "application/json"}),
    ("12.5.1", "GET", W, {"Accept": "application/*;q=0.1, application/json"}, 200, {"Content-Type": "application/json"}),
    (
        "12.4.2",
        "GET",
        W,
        {"Accept": "application/json;q=0.2, application/octet-stream;q=0.3"},
        200,
        {"Content-Type": "application/octet-stream"},
    ),
    ("12.4.2", "GET", W, {"Accept": "*/*, application/json;q=0"}, 200, {"Content-Type": "application/octet-stream"}),
    ("12.4.2", "GET", W, {"Accept": "application/json ; q=1"}, 200, {"Content-Type": "application/json"}),
    ("12.4.2", "GET", W, {"Accept": "*/*;q=0"}, 406, {}),
    ("12.5.1", "GET", W, {"Accept": "text/html"}, 406, {}),
    ("12.5.1", "GET", W, {"Accept": "text/html, */*;q=0.01"}, 200, {"Content-Type": "application/octet-stream"}),
    ("5.6.1", "GET", W, {"Accept": ", ,application/json,,"}, 200, {"Content-Type": "application/json"}),
    ("12.5.1", "HEAD", W, {"Accept": "text/html"}, 406, {}),
    # Conditions.
    ("13.1.2", "GET", W, {"If-None-Match": "TAG"}, 304, {"ETag": "TAG", "Vary": "Accept", "Cache-Control": "no-cache"}),
    ("13.1.2", "HEAD", W, {"If-None-Match": "TAG"}, 304, {"ETag": "TAG"}),
    ("13.1.2", "GET", W, {"If-None-Match": "W/TAG"}, 304, {"ETag": "TAG"}),
    ("13.1.2", "GET", W, {"If-None-Match": "*"}, 304, {}),
    ("13.1.2", "GET", W, {"If-None-Match": '"other", , TAG'}, 304, {}),
    ("13.1.2", "GET", W, {"If-None-Match": '"a,b", TAG'}, 304, {}),
    ("13.1.2", "GET", W, {"If-None-Match": '"other"'}, 200, {}),
    ("13.1.2", "GET", W, {"If-None-Match": "TAG", **JSON}, 200, {"Content-Type": "application/json"}),
    ("13.1.1", "GET", W, {"If-Match": "TAG"}, 200, {}),
    ("13.1.1", "GET", W, {"If-Match": "*"}, 200, {}),
    ("13.1.1", "GET", W, {"If-Match": '"other"'}, 412, {}),
    ("13.1.1", "GET", W, {"If-Match": "W/TAG"}, 412, {}),
    # Section 8.8.3: the mark of a weak tag is these two bytes, right before it.
    ("8.8.3", "GET", W, {"If-Match": "w/TAG"}, 412, {}),
    ("8.8.3", "GET", W, {"If-Match": "W/ TAG"}, 412, {}),
    ("8.8.3", "GET", W, {"If-Match": 'w/TAG, "x" ,\tTAG'}, 200, {}),
    ("8.8.3", "GET", W, {"If-None-Match": "w/TAG"}, 200, {}),
    ("13.2.2", "GET", W, {"If-Match": '"other"', "If-None-Match": "TAG"}, 412, {}),
    ("13.1.3", "GET", W, {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200, {}),
    ("13.1.4", "GET", W, {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}, 200, {}),
    ("13.2.1", "GET", "/v1/nothing", {"If-Match": '"other"', "If-None-Match": "*"}, 404, {}),
    ("13.2.1", "GET", W, {"If-None-Match": "TAG", "Accept": "text/html"}, 406, {}),
    ("13.2.1", "OPTIONS", W, {"If-Match": '"other"'}, 204, {}),
    # Ranges.
    ("14.2", "GET", W, {"Range": "bytes=0-9"}, 206, {"Content-Range": "bytes 0-9/SIZE", "Content-Length": "10"}),
    ("14.1.2", "GET", W, {"Range": "bytes=10-"}, 206, {"Content-Range": "bytes 10-LAST/SIZE", "ETag": "TAG"}),
    ("14.1.2", "GET", W, {"Range": "bytes=-1"}, 206, {"Content-Range": "bytes LAST-LAST/SIZE"}),
    ("14.1.2", "GET", W, {"Range": "bytes=-999999"}, 206, {"Content-Range": "bytes 0-LAST/SIZE"}),
    ("14.1.2", "GET", W, {"Range": "bytes=0-99999999999999999999"}, 206, {"Content-Range": "bytes 0-LAST/SIZE"}),
    ("14.1", "GET", W, {"Range": "Bytes=0-0"}, 206, {"Content-Range": "bytes 0-0/SIZE"}),
    ("14.1.2", "GET", W, {"Range": "bytes=9-0"}, 200, {}),
    ("14.1.1", "GET", W, {"Range": "bytes=x-9"}, 200, {}),
    ("14.1.1", "GET", W, {"Range": "bytes="}, 200, {}),
    ("14.1.1", "GET", W, {"Range": "bytes=+1-2"}, 200, {}),
    ("14.2", "GET", W, {"Range": "lines=0-9"}, 200, {}),
    ("14.2", "GET", W, {"Range": "bytes=0-1,3-4"}, 200, {}),
    ("15.5.17", "GET", W, {"Range": "bytes=999999-"}, 416, {"Content-Range": "bytes */SIZE"}),
    ("15.5.17", "GET", W, {"Range": "bytes=-0"}, 416, {"Content-Range": "bytes */SIZE"}),
    ("14.2", "HEAD", W, {"Range": "bytes=0-9"}, 200, {"Content-Length": "SIZE"}),
    ("14.2", "GET", W, {"Range": "bytes=0-9", **JSON}, 200, {"Accept-Ranges": "none"}),
    ("13.1.5", "GET", W, {"Range": "bytes=0-9", "If-Range": "TAG"}, 206, {}),
    ("13.1.5", "GET", W, {"Range": "bytes=0-9", "If-Range": '"other"'}, 200, {}),
    ("13.1.5", "GET", W, {"Range": "bytes=0-9", "If-Range": "W/TAG"}, 200, {}),
    ("13.1.5", "GET", W, {"Range": "bytes=0-9", "If-Range": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200, {}),
    ("13.1.5", "GET", W, {"Range": "bytes=999999-", "If-Range": '"other"'}, 200, {}),
    ("13.2.2", "GET", W, {"Range": "bytes=0-9", "If-None-Match": "TAG"}, 304, {}),
    ("13.2.2", "GET", W, {"Range": "bytes=0-9", "If-Match": '"other"'}, 412, {}),
]


@pytest.mark.parametrize(
    "paragraph,method,path,fields,status,expected", TABLE, ids=[f"{row[0]} {row[1]} {row[3]}" for row in TABLE]
)
def test_paragraph(model, paragraph, method, path, fields, status, expected):
    def filled(text):
        text = text.replace("TAG", model.tag).replace("SIZE", str(model.size))
        return text.replace("LAST", str(model.size - 1))

    lines = "".join(f"{name}: {filled(value)}\r\n" for name, value in fields.items())
    with Wire(model.server) as wire:
        wire.send(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())
        # What is no method of HTTP's is in no specification.
        answer = wire.answer(method, path if method not in ("TRACE", "get", "FOO") else None)
        assert answer.status == status, answer.content[:300]
        for name, value in expected.items():
            came = answer.headers[name]
            assert came.split(";")[0] == filled(value), name
        # In step: the next request on the connection is answered.
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.answer("GET", "/healthz").status == 200


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/", "/openapi.yaml", "/v1/status", "/v1/trainers", "/v1/variables", W]
    + ["/v1/weights/averaged", "/v1/optimizer", "/v1/optimizer/weights", "/v1/optimizer/slots"]
)
def test_head_says_what_get_says(model, path):
    """9.3.2"""
    get, head = model.get(path), model.head(path)
    assert get.status_code == head.status_code == 200
    volatile = {"date", "content-length"} if path in ("/v1/status",) else {"date"}
    for name in set(get.headers) | set(head.headers):
        if name.lower() not in volatile:
            assert get.headers.get(name) == head.headers.get(name), name
    assert head.content == b""


def test_the_server_as_a_whole_has_options(model):
    """9.3.7"""
    with Wire(model.server) as wire:
        wire.send(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = wire.answer("OPTIONS", None)
        assert answer.status in (200, 204)
        assert {"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("method,path", [("PUT", W), ("PUT", "/v1/optimizer"), ("PUT", "/v1/optimizer/weights")])
def test_a_put_of_a_part_is_400(model, method, path):
    """14.5"""
    response = model.request(method, path, data=b"{}", headers={"Content-Range": "bytes 0-1/2"})
    assert response.status_code == 400
    assert "Content-Range" in response.json()["detail"]


def test_every_answer_has_a_date_in_imf_fixdate(model):
    """5.6.7 and 6.6.1"""
    form = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT"
    for path in ("/healthz", "/v1/nothing", W):
        assert re.fullmatch(form, model.get(path).headers["Date"])


@pytest.mark.parametrize("tag", ['"other"', 'W/"other"', '"a", "b"'])
def test_a_put_whose_condition_holds_goes_on(start, tag):
    """13.1.2"""
    with Client(start()) as client:
        content = encode({"w": f32(1)})
        assert client.put(W, data=content, headers={"If-None-Match": tag}).status_code == 201
        present = client.get(W).headers["ETag"]
        assert client.put(W, data=content, headers={"If-None-Match": present}).status_code == 412
        assert client.put(W, data=content, headers={"If-Match": tag}).status_code == 412
        assert client.put(W, data=content, headers={"If-Match": present}).status_code == 200
        assert client.delete(W, headers={"If-Match": present}).status_code == 412
        assert client.delete(W, headers={"If-Match": "*"}).status_code == 204
        assert client.put(W, data=content, headers={"If-Match": "*"}).status_code == 412


STATE = "/v1/optimizer/weights"


@pytest.fixture
def averaged(client):
    """A client of a server whose model has an average."""
    client.put("/v1/optimizer", json={"class_name": "SWA", "config": {"optimizer": "sgd", "average_period": 1}})
    client.put(W, data=encode({"w": f32(1, 2)}))
    client.post("/v1/gradients", data=encode({"w": f32(1, 1)}))
    return client


# Method, path and content of changes, and where GET tells the tags by which If-Match may name what they change.
CHANGES = [
    ("PUT", STATE, STATE, [STATE]),
    ("PUT", "/v1/optimizer", {"json": "sgd"}, []),
    ("PATCH", "/v1/optimizer", {"json": {"average_period": 7}}, []),
    ("POST", f"{W}/averaged/assign", {}, [W, f"{W}/averaged"]),
    ("DELETE", f"{W}/averaged", {}, [f"{W}/averaged"]),
    ("DELETE", W, {}, [W]),
]


@pytest.mark.parametrize("method,path,content,places", CHANGES, ids=[f"{row[0]} {row[1]}" for row in CHANGES])
def test_a_change_of_what_if_match_does_not_name_is_not_made(averaged, method, path, content, places):
    """13.1.1"""
    tags = [averaged.get(place).headers["ETag"] for place in places]
    if isinstance(content, str):
        content = {"data": averaged.get(content).content}
    before = (averaged.state(), averaged.get(STATE).content)
    for value in ('"zzz"', "", "zzz", *(f"W/{tag}" for tag in tags)):
        document = problem(
            averaged.request(method, path, headers={"If-Match": value}, **content), 412, "precondition-failed"
        )
        assert document["field"] == "If-Match"
        assert all(tag in document["detail"] for tag in tags)
        assert (averaged.state(), averaged.get(STATE).content) == before
    value = f'"zzz", {tags[-1]}' if tags else "*"
    assert averaged.request(method, path, headers={"If-Match": value}, **content).ok


@pytest.mark.parametrize("method,path,content,places", CHANGES[:4], ids=[f"{row[0]} {row[1]}" for row in CHANGES[:4]])
def test_if_match_of_anything_holds_where_there_is_something(averaged, method, path, content, places):
    """13.1.1"""
    if isinstance(content, str):
        content = {"data": averaged.get(content).content}
    assert averaged.request(method, path, headers={"If-Match": "*"}, **content).ok
    problem(averaged.request(method, path, headers={"If-None-Match": "*"}, **content), 412, "precondition-failed")


@pytest.mark.parametrize("method,path,place", [("PUT", STATE, STATE), ("PUT", W, W)])
def test_if_match_is_judged_again_when_the_change_is_made(averaged, server, method, path, place):
    """13.1.1: of two that name the same, one changes it."""
    present = averaged.get(place)
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nIf-Match: {present.headers['ETag']}\r\n"
    with Wire(server) as wire:
        wire.send(f"{head}Content-Length: {len(present.content)}\r\nExpect: 100-continue\r\n\r\n".encode())
        assert wire.answer(method, path).status == 100
        averaged.post("/v1/gradients", data=encode({"w": f32(1, 1)}))
        before = averaged.state()
        wire.send(present.content)
        assert wire.answer(method, path).status == 412
        assert averaged.state() == before
