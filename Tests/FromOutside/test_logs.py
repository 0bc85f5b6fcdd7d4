"""What the server says of requests at debug."""

import json
import re

import pytest

from server import Client
from tensors import encode, f32
from wire import Wire, until


def lines(server, count):
    """The log's first `count` lines of requests, once they are there."""

    def requests():
        return [line for line in server.log.read_text().splitlines() if re.search(r"debug\W.*request", line)]

    until(lambda: len(requests()) >= count)
    assert len(requests()) == count, requests()
    return requests()


def metadata(server, count):
    """The same of a log in JSON, as objects."""
    return [json.loads(line)["metadata"] for line in lines(server, count)]


@pytest.fixture
def verbose(start):
    return start("--log-level", "debug", "--log-format", "json")


def test_a_push_is_one_line_with_all_there_is_to_know(verbose):
    content = encode({"w": f32(1)})
    with Client(verbose) as client:
        client.put("/v1/weights", data=content)
        answer = client.post("/v1/gradients", data=content, headers={"Trainer-Id": "worker-1"})
    line = metadata(verbose, 2)[1]
    assert line.pop("remote").startswith("127.0.0.1:")
    assert 0 <= float(line.pop("seconds")) < 30
    assert line == {
        "method": "POST",
        "route": "/v1/gradients",
        "status": "200",
        "in": str(len(content)),
        "out": str(len(answer.content)),
        "trainer": "worker-1",
    }


def test_the_route_is_a_template_and_an_unknown_path_is_itself(verbose):
    with Client(verbose) as client:
        client.get("/v1/optimizer/slots/momentum?format=json")
        client.delete("/v1/optimizer/slots/momentum")
        client.get("/v1/nothing")
    found, refused, unknown = metadata(verbose, 3)
    assert (found["route"], found["status"]) == ("/v1/optimizer/slots/{slot}", "404")
    assert (refused["route"], refused["status"]) == ("/v1/optimizer/slots/{slot}", "405")
    assert unknown["path"] == "/v1/nothing" and "route" not in unknown


def test_what_is_no_request_or_gets_no_answer_has_a_line_too(verbose):
    with Wire(verbose) as wire:
        wire.send(b"GET / HTTP/1.1\r\n\r\n")
        assert wire.answer("GET", "/").status == 400
    with Wire(verbose) as wire:
        wire.send(b"PUT /v1/weights HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc")
        wire.finish()
        assert wire.is_closed()
    malformed, cut = metadata(verbose, 2)
    assert malformed["status"] == "400" and "method" not in malformed
    assert (cut["method"], cut["route"], cut["status"], cut["in"]) == ("PUT", "/v1/weights", "none", "3")


def test_a_head_has_no_content(verbose):
    with Client(verbose) as client:
        client.head("/openapi.yaml")
    (line,) = metadata(verbose, 1)
    assert (line["method"], line["out"]) == ("HEAD", "0")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_text_from_a_request_starts_no_second_line(start, log_format):
    server = start("--log-level", "debug", "--log-format", log_format)
    with Wire(server) as wire:
        wire.send(
            b'GET /a%0a2030 HTTP/1.1\r\nHost: localhost\r\nTrainer-Id: "\\\xc2\x85 status=200 \xe2\x80\xa8x\xff\r\n\r\n'
        )
        assert wire.answer("GET", "/a%0a2030").status == 404
    (line,) = lines(server, 1)
    assert "status=200 " not in re.sub(r'"([^"\\]|\\.)*"', "", line)
    assert all(ord(character) >= 32 and character not in "\x85\u2028\u2029" for character in line)


def test_nothing_of_requests_at_info(server, client):
    client.get("/v1/status")
    server.terminate()
    assert server.process.wait(timeout=10) == 0
    text = server.log.read_text()
    assert "/v1/status" not in text
    assert "listening" in text and "stopping" in text and "stopped" in text
