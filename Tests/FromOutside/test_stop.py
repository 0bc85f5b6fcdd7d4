"""SIGTERM under load: whoever was heard is answered in full."""

import os
import threading
import time

import pytest

from server import Client
from tensors import encode, f32
from wire import Wire


LAST_CALL = 0.2
"""Seconds after the signal within which a request on an open connection is still heard."""


@pytest.mark.parametrize("arguments", [(), ("--loops", "3")])
@pytest.mark.parametrize("values", [4, 60_000])
def test_every_request_under_way_is_answered_and_none_is_half_written(start, arguments, values):
    server = start(*arguments)
    content = encode({"w": f32(*range(values))})
    with Client(server) as client:
        assert client.put("/v1/weights", data=content).status_code == 201
    post = b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(content) + content
    get = b"GET /v1/weights HTTP/1.1\r\nHost: localhost\r\n\r\n"
    count = [0] * 12
    failures = []
    under_load = threading.Event()
    stopped = []

    def hammer(number):
        request, method, path = ((post, "POST", "/v1/gradients"), (get, "GET", "/v1/weights"))[number % 2]
        sent = time.monotonic()
        try:
            with Wire(server) as wire:
                while True:
                    sent = time.monotonic()
                    wire.send(request)
                    answer = wire.answer(method, path)
                    assert answer.status == 200
                    count[number] += 1
                    if min(count) > 20:
                        under_load.set()
                    if answer.headers.get("Connection") == "close":
                        assert wire.is_closed()
                        return
        except Exception as error:
            # On a busy machine a client may be so late that nobody heard it.
            if not stopped or sent < stopped[0] + LAST_CALL or wire.buffer:
                failures.append((number, count[number], repr(error)))

    threads = [threading.Thread(target=hammer, args=(number,)) for number in range(len(count))]
    for thread in threads:
        thread.start()
    assert under_load.wait(60)
    stopped.append(time.monotonic())
    os.kill(server.process.pid, 15)
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert server.process.wait(timeout=30) == 0
