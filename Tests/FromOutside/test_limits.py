"""Limits and deadlines: what is too much, too slow or too late gets a clear answer, and the others go on."""

import socket
import threading
import time

import numpy
import pytest
import requests

from server import Client, problem
from tensors import encode, f32
from wire import Wire, until

HOST = b"Host: localhost\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"


def test_a_head_in_drips_is_408(start):
    server = start("--head-timeout", "0.3")
    with Wire(server) as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\n")
        answer = wire.answer("GET", "/healthz")
        assert answer.status == 408
        assert answer.headers["Connection"] == "close"
        assert wire.is_closed()


def test_an_idle_connection_is_closed_silently(start):
    server = start("--idle-timeout", "0.3")
    with Wire(server) as fresh, Wire(server) as used, Wire(server) as blank:
        used.send(GET)
        assert used.answer("GET", "/healthz").status == 200
        # An empty line is not yet a request.
        blank.send(b"\r\n")
        assert fresh.is_closed() and used.is_closed() and blank.is_closed()


@pytest.mark.parametrize("count,status", [(1000, 200), (1001, 431)])
def test_a_thousand_fields_are_taken_and_no_more(server, count, status):
    with Wire(server) as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"A: b\r\n" * count + b"\r\n")
        assert wire.answer("GET", "/healthz").status == status


def test_slow_bodies_are_408_slow_readers_are_closed_and_the_rest_goes_on(start):
    """Over windows of 10 s, all at the same time."""
    server = start("--body-min-rate", "1MiB")
    content = encode({"w": numpy.zeros(5_000_000, "<f4")})
    with Client(server) as client:
        assert client.put("/v1/weights", data=content).status_code == 201

    def head(path, length):
        return b"PUT %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n" % (path, HOST, length)

    def put(amount, seen):
        """Sends a body with so many bytes a tenth of a second."""
        with Wire(server) as wire:
            wire.send(head(b"/v1/weights", len(content)))
            sent, begin = 0, time.monotonic()
            wire.socket.setblocking(False)
            while sent < len(content):
                try:
                    wire.buffer += wire.socket.recv(65536)
                    break
                except BlockingIOError:
                    pass
                if sent < amount * 10 * (time.monotonic() - begin):
                    sent += wire.socket.send(content[sent : sent + amount])
                time.sleep(0.02)
            wire.socket.settimeout(20)
            seen["status"] = wire.answer("PUT", "/v1/weights").status
            seen["seconds"] = time.monotonic() - begin

    def read(amount, seen):
        """Reads an answer with so many bytes a tenth of a second."""
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
            reader.settimeout(20)
            reader.connect(("127.0.0.1", server.port))
            reader.sendall(b"GET /v1/weights HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
            got, begin = 0, time.monotonic()
            if amount == 0:
                # Long enough for a window without a byte; then what the buffers hold.
                time.sleep(12)
                amount = 1_000_000
            while time.monotonic() < begin + 40:
                if got < amount * 10 * (time.monotonic() - begin):
                    try:
                        data = reader.recv(amount)
                    except ConnectionResetError:
                        data = b""
                    if not data:
                        break
                    got += len(data)
                else:
                    time.sleep(0.02)
            seen["bytes"] = got
            seen["seconds"] = time.monotonic() - begin

    runs = [(put, 1000), (put, 150_000), (read, 0), (read, 150_000)]
    results = [{} for _ in runs]
    threads = [threading.Thread(target=run, args=(amount, seen)) for (run, amount), seen in zip(runs, results)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    slow, fair, stopped, steady = results
    assert slow["status"] == 408 and 9 < slow["seconds"] < 30
    assert fair["status"] == 200
    assert 0 < stopped["bytes"] < len(content)
    assert steady["bytes"] > len(content)


def test_held_versions_beyond_the_limit_are_503_and_the_newest_is_always_there(start):
    content = encode({"w": numpy.zeros(4_000_000, "<f4")})
    server = start("--max-held-bytes", "20MiB")
    with Client(server) as client:
        client.put("/v1/weights", data=content)
        readers = []
        statuses = []
        for _ in range(4):
            reader = socket.socket()
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
            reader.settimeout(20)
            reader.connect(("127.0.0.1", server.port))
            reader.sendall(b"GET /v1/weights HTTP/1.1\r\n" + HOST + b"\r\n")
            statuses.append(int(reader.recv(12)[9:]))
            readers.append(reader)
            assert client.post("/v1/gradients", data=content).status_code == 200
        assert statuses[0] == 200 and statuses[-1] == 503
        for reader in readers:
            reader.close()
        until(lambda: client.get("/v1/weights").status_code == 200)


def test_a_held_version_is_always_given_whole_and_one_slow_reader_is_in_nobodys_way(start):
    content = encode({"w": numpy.zeros(2_000_000, "<f4")})
    server = start("--max-held-bytes", "10MiB")
    with Client(server) as client, socket.socket() as reader:
        assert client.put("/v1/optimizer", json="adam").ok
        client.put("/v1/weights", data=content)
        # Average and two slots are more than the limit.
        assert len(client.get("/v1/optimizer/weights").content) > 24_000_000
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
        reader.connect(("127.0.0.1", server.port))
        reader.sendall(b"GET /v1/weights HTTP/1.1\r\n" + HOST + b"\r\n")
        assert reader.recv(12) == b"HTTP/1.1 200"
        assert client.post("/v1/gradients", data=content).status_code == 200
        assert client.get("/v1/weights").status_code == 200


def test_a_body_beyond_what_all_bodies_may_have_is_413(start):
    server = start("--max-inflight-bytes", "1000000")
    with Client(server) as client:
        answer = client.put("/v1/weights", data=encode({"w": numpy.zeros(300_000, "<f4")}))
        problem(answer, 413, "too-large")
        assert client.put("/v1/weights", data=encode({"w": numpy.zeros(200_000, "<f4")})).status_code == 201


def test_the_newest_of_too_many_bodies_is_503_and_the_oldest_goes_on(start):
    server = start("--max-inflight-bytes", "1500000")
    content = encode({"w": numpy.zeros(250_000, "<f4")})
    put = b"PUT /v1/weights HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(content)
    with Wire(server) as oldest, Wire(server) as newest:
        oldest.send(put + content[:900_000])
        with Client(server) as client:
            # Both bodies are there in part once this third request is answered.
            client.get("/healthz")
        newest.send(put + content[:900_000])
        answer = newest.answer("PUT", "/v1/weights")
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) >= 0
        oldest.send(content[900_000:])
        assert oldest.answer("PUT", "/v1/weights").status == 201


def test_it_listens_on_ipv6(start):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = start("--host", "::1")
    session = requests.Session()
    session.trust_env = False
    assert session.get(f"http://[::1]:{server.port}/v1/status", timeout=20).status_code == 200
    assert f"http://[::1]:{server.port}" in server.log.read_text()


def test_several_loops_serve_and_stop_as_one_does(start):
    server = start("--loops", "4", "--max-connections", "40")
    content = encode({"w": f32(1)})
    with Client(server) as client:
        assert client.put("/v1/weights", data=content).status_code == 201
    wires = [Wire(server) for _ in range(36)]
    post = b"POST /v1/gradients HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(content) + content
    for _ in range(5):
        for wire in wires:
            wire.send(post)
        for wire in wires:
            assert wire.answer("POST", "/v1/gradients").status == 200
    with Client(server) as client:
        assert client.status()["iterations"] == 180
    server.terminate()
    assert server.process.wait(timeout=10) == 0
    assert all(wire.is_closed() for wire in wires)
