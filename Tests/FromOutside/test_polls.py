"""Long polls: `Prefer: wait` with If-None-Match (RFC 7240)."""

import re
import threading
import time
from pathlib import Path

import pytest

from server import Client, problem
from tensors import encode, f32
from wire import Wire, until

SWA = {"optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.5}}, "start_averaging": 2, "average_period": 3}


def build(client):
    client.put("/v1/optimizer", json={"class_name": "SWA", "config": SWA})
    assert client.put("/v1/weights", data=encode({"w": f32(1, 2, 3), "b": f32(0)})).status_code == 201


@pytest.fixture
def model(client):
    """The first snapshot is taken by push 3, the next by push 6."""
    build(client)
    return client


def push(client):
    assert client.post("/v1/gradients", json={"gradients": {"b": [1]}}).status_code == 200


class Poll(threading.Thread):
    """A GET in the background."""

    def __init__(self, server, path, tag, wait, method="GET"):
        super().__init__()
        self.server, self.path, self.tag, self.wait, self.method = server, path, tag, wait, method
        self.response = None
        self.start()

    def run(self):
        headers = {"Prefer": f"wait={self.wait}", "If-None-Match": self.tag}
        started = time.monotonic()
        with Client(self.server) as client:
            self.response = client.request(self.method, self.path, headers=headers, timeout=90)
        self.seconds = time.monotonic() - started

    def answer(self):
        self.join(90)
        assert self.response is not None
        return self.response


def request(path, tag, wait=60):
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: {tag}\r\nPrefer: wait={wait}\r\n\r\n"
    return head.encode()


def waits(poll):
    """Asserts that a poll is not answered while the server answers others."""
    time.sleep(0.2)
    assert poll.is_alive()


@pytest.mark.parametrize("query", ["", "?names=b", "?dtype=F16", "?format=json"])
def test_it_is_answered_when_the_weights_change(model, query):
    path = "/v1/weights" + query
    tag = model.get(path).headers["ETag"]
    poll = Poll(model.server, path, tag, 60)
    waits(poll)
    push(model)
    response = poll.answer()
    assert response.status_code == 200
    assert response.headers["Preference-Applied"] == "wait=60"
    now = model.get(path)
    assert (response.headers["ETag"], response.content) == (now.headers["ETag"], now.content)
    assert response.headers["ETag"] != tag


def test_it_is_304_when_the_time_is_over(model):
    whole = model.get("/v1/weights")
    poll = Poll(model.server, "/v1/weights", whole.headers["ETag"], 1)
    response = poll.answer()
    assert response.status_code == 304
    assert poll.seconds >= 1
    for name in ("ETag", "Cache-Control", "Vary", "Weights-Iteration", "Model-Epoch"):
        assert response.headers[name] == whole.headers[name]
    assert Poll(model.server, "/v1/weights", "*", 1).answer().status_code == 304


def test_head_waits_too(model):
    tag = model.get("/v1/weights").headers["ETag"]
    poll = Poll(model.server, "/v1/weights", tag, 60, "HEAD")
    waits(poll)
    push(model)
    assert poll.answer().status_code == 200
    assert poll.response.content == b""


def test_averages_change_only_at_snapshots(model):
    for _ in range(3):
        push(model)
    tag = model.get("/v1/weights/averaged").headers["ETag"]
    poll = Poll(model.server, "/v1/weights/averaged", tag, 60)
    for _ in range(2):
        push(model)
        waits(poll)
    push(model)
    assert poll.answer().headers["Weights-Iteration"] == "6"


def test_averages_are_waited_for_before_the_first_snapshot(model):
    problem(Poll(model.server, "/v1/weights/averaged", '"x"', 1).answer(), 404, "no-average-yet")
    poll = Poll(model.server, "/v1/weights/averaged", '"x"', 60)
    for _ in range(2):
        push(model)
        waits(poll)
    push(model)
    assert poll.answer().status_code == 200
    assert poll.response.headers["Weights-Iteration"] == "3"


def test_a_dropped_average_ends_the_wait_as_its_loss(model):
    for _ in range(3):
        push(model)
    tag = model.get("/v1/weights/averaged").headers["ETag"]
    poll = Poll(model.server, "/v1/weights/averaged", tag, 2)
    waits(poll)
    model.delete("/v1/weights/averaged")
    problem(poll.answer(), 404, "no-average-yet")


def test_a_dropped_model_ends_the_wait(model):
    tag = model.get("/v1/weights").headers["ETag"]
    polls = [Poll(model.server, "/v1/weights", tag, 60), Poll(model.server, "/v1/weights/averaged", '"x"', 60)]
    for poll in polls:
        waits(poll)
    model.delete("/v1/weights")
    for poll in polls:
        problem(poll.answer(), 404, "no-model")
        assert poll.seconds < 30


@pytest.mark.parametrize(
    "prefer,tag",
    [
        ("wait=30", None),
        ("wait=30", '"x"'),
        ("wait=0", "now"),
        ("wait", "now"),
        ("wait=-1", "now"),
        ("wait=1.5", "now"),
        ("wait=soon", "now"),
        ("wait=0, wait=30", "now"),
        ("respond-async", "now"),
    ],
)
def test_it_does_not_wait(model, prefer, tag):
    known = model.get("/v1/weights").headers["ETag"]
    headers = {"Prefer": prefer} | ({} if tag is None else {"If-None-Match": known if tag == "now" else tag})
    response = model.get("/v1/weights", headers=headers, timeout=15)
    assert response.status_code == (304 if tag == "now" else 200)
    headers.pop("If-None-Match", None)
    problem(model.get("/v1/weights/averaged", headers=headers, timeout=15), 404, "no-average-yet")


@pytest.mark.parametrize("prefer", ["wait=1000000", "wait=99999999999999999999", 'return=minimal;x="a,b", WAIT = "70"'])
def test_nobody_waits_longer_than_a_minute(model, prefer):
    tag = model.get("/v1/weights").headers["ETag"]
    with Wire(model.server) as wire:
        wire.send(request("/v1/weights", tag).replace(b"wait=60", prefer.encode()))
        until(lambda: len(sockets(model.server)) == 2)
        push(model)
        answer = wire.answer("GET", "/v1/weights")
        assert (answer.status, answer.headers["Preference-Applied"]) == (200, "wait=60")


def test_another_tag_of_the_list_is_waited_on(model):
    """A client that knows two versions waits on when the first becomes the second."""
    first = model.get("/v1/weights").headers["ETag"]
    second = re.sub(r"w(\d+)", lambda match: f"w{int(match[1]) + 1}", first)
    poll = Poll(model.server, "/v1/weights", f"{second}, {first}", 60)
    push(model)
    assert model.get("/v1/weights").headers["ETag"] == second
    waits(poll)
    push(model)
    assert poll.answer().headers["Weights-Iteration"] == "2"


def sockets(server):
    """The descriptors of the server that are sockets of connections."""
    found = []
    for entry in Path(f"/proc/{server.process.pid}/fd").iterdir():
        try:
            if entry.readlink().name.startswith("socket:"):
                found.append(entry)
        except OSError:
            pass
    return found[1:]


def threads(server):
    return int(re.search(r"Threads:\s+(\d+)", Path(f"/proc/{server.process.pid}/status").read_text())[1])


def test_those_who_wait_hold_no_thread(start):
    server = start("--max-workers", "2")
    with Client(server) as client:
        build(client)
        tag = client.get("/v1/weights").headers["ETag"]
        before = threads(server)
        wires = [Wire(server) for _ in range(300)]
        for wire in wires:
            wire.send(request("/v1/weights?names=w", tag) + request("/v1/weights", tag, 0))
        partial = client.get("/v1/weights?names=w").headers["ETag"]
        for wire in wires:
            assert wire.answer("GET", "/v1/weights").status == 200
            assert wire.answer("GET", "/v1/weights").status == 304
            wire.send(request("/v1/weights?names=w", partial))
        assert client.get("/v1/weights?names=b").status_code == 200
        assert threads(server) <= before + 2
        push(client)
        now = client.get("/v1/weights?names=w")
        for wire in wires:
            answer = wire.answer("GET", "/v1/weights")
            assert (answer.status, answer.content) == (200, now.content)
            wire.socket.close()


def test_at_most_half_of_the_connections_wait_and_who_hangs_up_is_forgotten(start):
    server = start("--max-connections", "8")
    with Client(server) as client:
        build(client)
        tag = client.get("/v1/weights").headers["ETag"]
        wires = [Wire(server) for _ in range(5)]
        for wire in wires:
            wire.send(request("/v1/weights", tag))
        # One of the five is refused, whichever was the last to be read; the others wait.
        refused = None
        deadline = time.monotonic() + 20
        while refused is None:
            assert time.monotonic() < deadline
            for wire in wires:
                wire.socket.settimeout(0.05)
                try:
                    refused = wire.answer("GET", "/v1/weights") and wire
                    break
                except TimeoutError:
                    continue
        refused.socket.settimeout(20)
        for wire in wires:
            if wire is not refused:
                wire.socket.close()
        # Long before the minute is over there is room again.
        until(lambda: admitted(refused, tag), 20)
        push(client)


def admitted(wire, tag):
    """Whether a poll that lasts a second is let in."""
    wire.send(request("/v1/weights", tag, 1))
    answer = wire.answer("GET", "/v1/weights")
    assert answer.status in (304, 503)
    return answer.status == 304


def test_who_ends_its_direction_is_answered_at_once(model):
    tag = model.get("/v1/weights").headers["ETag"]
    with Wire(model.server) as wire:
        wire.send(request("/v1/weights", tag))
        wire.finish()
        started = time.monotonic()
        assert wire.answer("GET", "/v1/weights").status == 304
        assert time.monotonic() - started < 15
        assert wire.is_closed()


def test_requests_behind_a_poll_wait_for_it(model):
    tag = model.get("/v1/weights").headers["ETag"]
    with Wire(model.server) as wire:
        wire.send(request("/v1/weights", tag) + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(0.1)
        push(model)
        assert wire.answer("GET", "/v1/weights").status == 200
        assert wire.answer("GET", "/healthz").status == 200


def test_a_stop_answers_304(start):
    server = start()
    with Client(server) as client:
        build(client)
        tag = client.get("/v1/weights").headers["ETag"]
    wires = [Wire(server) for _ in range(10)]
    for wire in wires:
        wire.send(request("/v1/weights", tag))
    average = Wire(server)
    average.send(request("/v1/weights/averaged", tag))
    time.sleep(0.2)
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 15
    for wire in wires:
        answer = wire.answer("GET", "/v1/weights")
        assert (answer.status, answer.headers["ETag"]) == (304, tag)
        wire.socket.close()
    assert average.answer("GET", "/v1/weights/averaged").status == 404
    average.socket.close()


def test_many_pushes_and_many_polls_lose_nothing(model):
    """Each poller follows the weights by tags alone and must see the last version."""
    last = 60
    seen = {}

    def follow(index):
        with Client(model.server) as client:
            response = client.get("/v1/weights")
            while int(response.headers["Weights-Iteration"]) < last:
                headers = {"If-None-Match": response.headers["ETag"], "Prefer": "wait=30"}
                answer = client.get("/v1/weights", headers=headers, timeout=60)
                assert answer.status_code == 200
                assert answer.headers["ETag"] != response.headers["ETag"]
                response = answer
            seen[index] = response.headers["ETag"]

    followers = [threading.Thread(target=follow, args=(index,)) for index in range(8)]
    for follower in followers:
        follower.start()
    for _ in range(last):
        push(model)
    for follower in followers:
        follower.join(120)
    assert set(seen.values()) == {model.get("/v1/weights").headers["ETag"]} and len(seen) == 8
