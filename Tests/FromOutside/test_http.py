"""HTTP/1.1 as it goes over the wire."""

import json
import re
import subprocess
import time

import numpy
import pytest
import safetensors.numpy

from server import SPECIFICATION, problem
from tensors import encode, f32
from wire import Wire

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def curl(*arguments):
    return subprocess.run(["curl", "--silent", "--show-error", *arguments], capture_output=True, timeout=60)


def test_a_connection_is_kept_alive(server):
    with Wire(server) as wire:
        for _ in range(3):
            wire.send(GET)
            answer = wire.answer("GET", "/healthz")
            assert answer.status == 200
            assert answer.headers.get("Connection", "keep-alive") == "keep-alive"


def test_connection_close_is_honoured(server):
    with Wire(server) as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert wire.answer("GET", "/healthz").headers["Connection"] == "close"
        assert wire.is_closed()


@pytest.mark.parametrize("fields", [b"", b"Host: localhost\r\n", b"Connection: keep-alive\r\n"])
def test_http_1_0_is_answered_and_closed(server, fields):
    with Wire(server) as wire:
        wire.send(b"GET /v1/status HTTP/1.0\r\n" + fields + b"\r\n")
        assert wire.answer("GET", "/v1/status").status == 200
        assert wire.is_closed()


def test_pipelined_requests_are_answered_in_order(server, client):
    client.put("/v1/weights", data=encode({"w": f32(0)}))
    content = encode({"w": f32(1)})
    push = b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(content) + content
    pull = b"GET /v1/weights HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with Wire(server) as wire:
        wire.send((push + pull + GET) * 20)
        for k in range(1, 21):
            assert wire.answer("POST", "/v1/gradients").headers["Weights-Iteration"] == str(k)
            assert wire.answer("GET", "/v1/weights").headers["Weights-Iteration"] == str(k)
            assert wire.answer("GET", "/healthz").status == 200


def test_a_request_may_come_byte_by_byte(server, client):
    client.put("/v1/weights", data=encode({"w": f32(0)}))
    content = encode({"w": f32(1)})
    request = b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(content) + content
    with Wire(server) as wire:
        wire.socket.setsockopt(6, 1, 1)
        for byte in request:
            wire.send(bytes([byte]))
        assert wire.answer("POST", "/v1/gradients").status == 200


def test_chunked_content_is_taken(client):
    model = {"w": numpy.arange(50_000, dtype="<f4")}
    content = encode(model)
    pieces = (content[begin : begin + 777] for begin in range(0, len(content), 777))
    assert client.put("/v1/weights", data=pieces).status_code == 201
    numpy.testing.assert_array_equal(safetensors.numpy.load(client.get("/v1/weights").content)["w"], model["w"])


def test_chunk_extensions_and_trailers_are_ignored(server, client):
    client.put("/v1/weights", data=encode({"w": f32(0)}))
    content = encode({"w": f32(1)})
    head = b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"1;a=b\r\n" + content[:1] + b"\r\n%X\r\n" % (len(content) - 1) + content[1:] + b"\r\n0\r\nX: y\r\n\r\n"
    with Wire(server) as wire:
        wire.send(head + body + GET)
        assert wire.answer("POST", "/v1/gradients").status == 200
        assert wire.answer("GET", "/healthz").status == 200


def test_expect_is_answered_with_100_before_the_content(server, client):
    client.put("/v1/weights", data=encode({"w": f32(0)}))
    content = encode({"w": f32(1)})
    with Wire(server) as wire:
        wire.send(
            b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            b"Content-Length: %d\r\n\r\n" % len(content)
        )
        assert wire.answer("POST", "/v1/gradients").status == 100
        wire.send(content)
        assert wire.answer("POST", "/v1/gradients").status == 200


def test_what_will_be_refused_gets_its_status_and_not_100(server):
    with Wire(server) as wire:
        wire.send(
            b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n"
        )
        answer = wire.answer("POST", "/v1/gradients")
        assert answer.status == 409
        assert SPECIFICATION.problem_name(answer.content) == "no-model"


def test_curl_uploads_large_files(server, client, tmp_path):
    model = {"w": numpy.arange(2_000_000, dtype="<f4")}
    (tmp_path / "model").write_bytes(encode(model))
    put = curl("-f", "-v", "-T", tmp_path / "model", f"{server.url}/v1/weights")
    assert put.returncode == 0
    assert b"Expect: 100-continue" in put.stderr and b"HTTP/1.1 100" in put.stderr
    get = curl("-f", "-o", tmp_path / "got", f"{server.url}/v1/weights")
    assert get.returncode == 0
    numpy.testing.assert_array_equal(safetensors.numpy.load((tmp_path / "got").read_bytes())["w"], model["w"])


def test_curl_sees_an_early_refusal_of_a_large_upload(server, tmp_path):
    (tmp_path / "gradients").write_bytes(encode({"w": numpy.zeros(3_000_000, "<f4")}))
    for expect in ("100-continue", ""):
        post = curl(
            "-X",
            "POST",
            "-H",
            f"Expect: {expect}",
            "-T",
            tmp_path / "gradients",
            "-w",
            "%{http_code}",
            f"{server.url}/v1/gradients",
        )
        assert post.returncode == 0, post.stderr
        assert post.stdout.endswith(b"409")
        assert b"no-model" in post.stdout


def test_an_unknown_expectation_is_417(server, client):
    client.put("/v1/weights", data=encode({"w": f32(0)}))
    with Wire(server) as wire:
        wire.send(b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nContent-Length: 4\r\n\r\nabcd")
        assert wire.answer("POST", "/v1/gradients").status == 417


POST = b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\n"
MALFORMED = {
    "no version": b"GET /healthz\r\nHost: localhost\r\n\r\n",
    "two spaces": b"GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
    "space before colon": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n",
    "folded field": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: y\r\n z\r\n\r\n",
    "no colon": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n",
    "empty name": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n: y\r\n\r\n",
    "zero byte": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
    "bare CR": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n",
    "two lengths": POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunked": POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": POST + b"Content-Length: -1\r\n\r\n",
    "signed length": POST + b"Content-Length: +1\r\n\r\na",
    "length in hex": POST + b"Content-Length: 0x1\r\n\r\na",
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked not last": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "target without slash": b"GET healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED)
def test_a_framing_error_is_400_and_closes(server, request_bytes):
    with Wire(server) as wire:
        wire.send(request_bytes)
        answer = wire.answer("GET", "/healthz")
        assert answer.status == 400
        assert SPECIFICATION.problem_name(answer.content) == "malformed-request"
        assert answer.headers["Connection"] == "close"
        assert wire.is_closed()


BAD_CHUNKS = {
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "no hex": b"g\r\nabc\r\n0\r\n\r\n",
    "too long": b"2\r\nabc\r\n0\r\n\r\n",
    "negative": b"-1\r\nabc\r\n0\r\n\r\n",
    "overflow": b"fffffffffffffffff\r\nabc",
    "prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("body", BAD_CHUNKS.values(), ids=BAD_CHUNKS)
def test_a_bad_chunk_is_400_and_closes(server, client, body):
    client.put("/v1/weights", data=encode({"w": f32(0)}))
    with Wire(server) as wire:
        wire.send(b"PUT /v1/weights HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        answer = wire.answer("PUT", "/v1/weights")
        assert answer.status in (400, 413)
        assert not re.search(r": [a-z]+[A-Z]", json.loads(answer.content)["detail"])
        assert wire.is_closed()


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"gzip"])
def test_an_unknown_transfer_coding_is_501(server, coding):
    with Wire(server) as wire:
        wire.send(POST + b"Transfer-Encoding: " + coding + b"\r\n\r\n")
        assert wire.answer("POST", "/v1/gradients").status == 501
        assert wire.is_closed()


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/3.0", b"HTTP/0.9"])
def test_another_version_is_refused(server, version):
    with Wire(server) as wire:
        wire.send(b"GET /healthz " + version + b"\r\nHost: localhost\r\n\r\n")
        assert wire.answer("GET", "/healthz").status in (400, 505)


def test_a_head_larger_than_32_kib_is_431(server):
    with Wire(server) as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + (b"X: " + b"y" * 1000 + b"\r\n") * 40 + b"\r\n")
        assert wire.answer("GET", "/healthz").status == 431


def test_a_target_too_long_is_414(server):
    with Wire(server) as wire:
        wire.send(b"GET /healthz?" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.answer("GET", "/healthz").status == 414


def test_a_head_just_below_the_limit_is_fine(server):
    with Wire(server) as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + (b"X: " + b"y" * 995 + b"\r\n") * 31 + b"\r\n")
        assert wire.answer("GET", "/healthz").status == 200


def test_the_absolute_form_of_a_target_is_taken(server):
    with Wire(server) as wire:
        wire.send(b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.answer("GET", "/healthz").status == 200


def test_an_empty_line_before_a_request_is_ignored(server):
    with Wire(server) as wire:
        wire.send(b"\r\n" + GET)
        assert wire.answer("GET", "/healthz").status == 200


def test_field_names_are_in_any_case_and_values_trimmed(server):
    with Wire(server) as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\nhOST:   localhost  \r\n\r\n")
        assert wire.answer("GET", "/healthz").status == 200


def test_content_that_a_route_does_not_want_is_skipped(server):
    with Wire(server) as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello" + GET)
        assert wire.answer("GET", "/healthz").status == 200
        assert wire.answer("GET", "/healthz").status == 200


def test_a_slow_reader_holds_nobody_up(server, client):
    client.put("/v1/weights", data=encode({"w": numpy.zeros(5_000_000, "<f4")}))
    with Wire(server) as slow:
        slow.send(b"GET /v1/weights HTTP/1.1\r\nHost: localhost\r\n\r\n")
        slow.fill()
        begin = time.monotonic()
        for _ in range(3):
            assert client.post("/v1/gradients", data=encode({"w": numpy.ones(5_000_000, "<f4")})).status_code == 200
        assert time.monotonic() - begin < 10
        answer = slow.answer("GET", "/v1/weights")
        assert answer.headers["Weights-Iteration"] == "0"
        assert not safetensors.numpy.load(answer.content)["w"].any()


def test_404_keeps_the_connection(server):
    with Wire(server) as wire:
        wire.send(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n" + GET)
        assert wire.answer("GET", "/nowhere").status == 404
        assert wire.answer("GET", "/healthz").status == 200


def test_percent_encoding_in_a_path_is_understood(client):
    assert client.get("/v1/%73tatus").status_code in (200, 404)
    assert client.get("/v1/status%2F").status_code == 404
    assert client.get("/v1/%zz").status_code in (400, 404)


def test_unknown_parameters_are_named_after_decoding(client):
    assert "a b" in problem(client.get("/v1/status?a%20b=1"), 400, "unknown-parameter")["detail"]
