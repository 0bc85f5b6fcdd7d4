"""With one worker thread alone: a client that moves much keeps it while nobody else wants it, and no longer."""

import threading
import time

import numpy
import pytest

from server import Client
from tensors import encode
from wire import Wire

# More than is served on the event loop.
GRADIENTS = encode({"w": numpy.zeros(1 << 20, "<f4")})
PUSH = b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(GRADIENTS)


@pytest.fixture
def server(start):
    server = start("--max-workers", "1")
    with Client(server) as client:
        assert client.put("/v1/weights", data=GRADIENTS).status_code == 201
    return server


def test_two_who_push_back_to_back_take_turns(server):
    counts = {"first": 0, "second": 0}
    end = time.monotonic() + 2

    def push(name):
        with Wire(server) as wire:
            while time.monotonic() < end:
                wire.send(PUSH + GRADIENTS)
                assert wire.answer("POST", "/v1/gradients").status == 200
                counts[name] += 1

    threads = [threading.Thread(target=push, args=(name,)) for name in counts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(counts.values()) > 2 and max(counts.values()) < 4 * min(counts.values()), counts


def dripping(wire, data, pause):
    """Sends the data byte by byte until told to stop."""
    stopped = threading.Event()

    def drip():
        for byte in data:
            if stopped.wait(pause):
                return
            wire.send(bytes([byte]))

    thread = threading.Thread(target=drip)
    thread.start()

    def stop():
        assert thread.is_alive(), "all was sent before the others were served"
        stopped.set()
        thread.join()

    return stop


@pytest.mark.parametrize("first", [PUSH + GRADIENTS, PUSH + GRADIENTS[: 1 << 20]], ids=["head", "body"])
def test_who_drips_behind_a_fast_part_keeps_nobody_waiting(server, first):
    with Wire(server) as slow, Client(server) as client:
        slow.send(first)
        if len(first) > len(GRADIENTS):
            assert slow.answer("POST", "/v1/gradients").status == 200
        stop = dripping(slow, PUSH if len(first) > len(GRADIENTS) else bytes(500), 0.03)
        end = time.monotonic() + 1
        while time.monotonic() < end:
            begin = time.monotonic()
            assert client.get("/v1/weights").status_code == 200
            assert time.monotonic() - begin < 1
        stop()


def test_who_says_nothing_behind_a_push_keeps_nobody_waiting(server):
    with Wire(server) as silent, Client(server) as client:
        silent.send(PUSH + GRADIENTS)
        assert silent.answer("POST", "/v1/gradients").status == 200
        begin = time.monotonic()
        assert client.get("/v1/weights").status_code == 200
        assert time.monotonic() - begin < 1
        silent.send(PUSH + GRADIENTS)
        assert silent.answer("POST", "/v1/gradients").status == 200


def test_a_hundred_bodies_that_stall_keep_nobody_waiting(server):
    wires = [Wire(server) for _ in range(100)]
    for wire in wires:
        wire.send(PUSH + GRADIENTS[:70_000])
    with Client(server) as client:
        begin = time.monotonic()
        assert client.post("/v1/gradients", data=GRADIENTS).status_code == 200
        # Each of them would be waited for 50 ms.
        assert time.monotonic() - begin < 2
    for wire in wires:
        wire.socket.close()


def test_who_has_just_moved_much_makes_room_at_the_limit(start):
    server = start("--max-connections", "2")
    wires = [Wire(server) for _ in range(2)]
    wires[0].send(PUSH.replace(b"POST /v1/gradients", b"PUT /v1/weights") + GRADIENTS)
    assert wires[0].answer("PUT", "/v1/weights").status == 201
    for wire in wires:
        wire.send(PUSH + GRADIENTS)
        assert wire.answer("POST", "/v1/gradients").status == 200
    with Client(server) as client:
        assert client.get("/v1/status").status_code == 200
    for wire in wires:
        wire.socket.close()
