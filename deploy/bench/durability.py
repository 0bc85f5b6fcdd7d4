#!/usr/bin/env python3
"""durability.py [--directory DIR] [--rounds N] [--seconds S] [--size MB]: what durability costs on the disk of DIR.

Each figure takes turns with what it is held against, in the same run: small pushes with fsyncs of the same bytes, large
pushes with a plain file's sequential writes, pushes beside a checkpoint with pushes without, keyed pushes with unkeyed
ones, and recovery with the same pushes in memory. Needs a release build and nothing but Python's standard library.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import shutil
import socket
import statistics
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

EXECUTABLE = Path(__file__).parents[2] / ".build/release/swa-server"
SMALL = 10_000
numbers = itertools.count()
OPTIMIZER = {"class_name": "SGD", "config": {"learning_rate": 0.001, "momentum": 0.9}}


def file_of(byte_count, value):
    """A safetensors file of one float32 tensor, all of one value."""
    count = byte_count // 4
    header = json.dumps({"w": {"dtype": "F32", "shape": [count], "data_offsets": [0, 4 * count]}}).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + struct.pack("<f", value) * count


class Connection:
    """A blocking connection that waits for each answer, and reads no more of it than its status and length."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, method, path, body=b"", fields=()):
        head = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *fields]
        if body:
            kind = "application/json" if body[:1] == b"{" else "application/octet-stream"
            head.append(f"Content-Type: {kind}")
        self.socket.sendall("\r\n".join([*head, "", ""]).encode())
        self.socket.sendall(body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.received()
        head, _, rest = answer.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        while len(rest) < length:
            rest += self.received()
        status = int(head.split()[1])
        if not 200 <= status < 300:
            raise SystemExit(f"{method} {path} was answered {status}: {rest.decode()}")

    def received(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise SystemExit("the server closed the connection")
        return data


class Server:
    """A server with these options, with a model of this size if it has none."""

    def __init__(self, scratch, *options):
        port_file = scratch / "port"
        port_file.unlink(missing_ok=True)
        arguments = ["serve", "--port", "0", "--port-file", port_file, "--log-level", "warning", *options]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SWA_")}
        self.process = subprocess.Popen([EXECUTABLE, *arguments], env=environment)
        while not port_file.exists():
            if self.process.poll() is not None:
                raise SystemExit("the server did not start")
            time.sleep(0.001)
        self.port = int(port_file.read_text())

    def create(self, byte_count):
        self.wait_until_ready()
        connection = Connection(self.port)
        connection.exchange("PUT", "/v1/optimizer", json.dumps(OPTIMIZER).encode())
        connection.exchange("PUT", "/v1/weights", file_of(byte_count, 0.5))
        return self

    def wait_until_ready(self):
        while True:
            connection = socket.create_connection(("127.0.0.1", self.port))
            connection.sendall(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            if connection.recv(64).split()[1:2] == [b"200"]:
                return
            connection.close()
            time.sleep(0.005)

    def kill(self):
        self.process.kill()
        self.process.wait()


def push_for(port, seconds, count):
    """What a client process does: small pushes, one after the other."""
    connection, body = Connection(port), file_of(SMALL, 0.001)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        connection.exchange("POST", "/v1/gradients", body)
        with count.get_lock():
            count.value += 1


def small_pushes(port, seconds):
    """Pushes a second of eight clients."""
    count = multiprocessing.Value("q", 0)
    clients = [multiprocessing.Process(target=push_for, args=(port, seconds, count)) for _ in range(8)]
    start = time.monotonic()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return count.value / (time.monotonic() - start)


def syncs(directory, seconds):
    """Records of a small push's size that one thread can append and sync, a second."""
    record, count = os.urandom(SMALL), 0
    with (directory / "syncs").open("wb", buffering=0) as file:
        start = time.monotonic()
        while time.monotonic() < start + seconds:
            file.write(record)
            os.fdatasync(file.fileno())
            count += 1
        return count / (time.monotonic() - start)


def written(directory, body):
    """Seconds that a new file of these bytes takes to be on the disk; like the journal's it stays, for a file in the place
    of another may be several times as fast."""
    path = directory / f"written-{next(numbers)}"
    start = time.monotonic()
    with open(path, "wb", buffering=0) as file:
        view = memoryview(body)
        while view:
            view = view[file.write(view[: 1 << 20]) :]
        os.fdatasync(file.fileno())
    return time.monotonic() - start


def pushed(connection, body, *fields):
    """Seconds that a push takes."""
    start = time.monotonic()
    connection.exchange("POST", "/v1/gradients", body, fields)
    return time.monotonic() - start


def pushed_by_many(port, body, clients, count):
    """Seconds that each of `count` pushes takes of the time of all, when so many clients push."""
    connections = [Connection(port) for _ in range(clients)]

    def push(connection):
        for _ in range(count // clients):
            pushed(connection, body)

    threads = [threading.Thread(target=push, args=(connection,)) for connection in connections]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (time.monotonic() - start) / count


def tell(name, figure, other, unit, ratio, goal):
    print(f"| {name} | {figure:,.4g} {unit} | {other:,.4g} {unit} | {ratio:.2f} | {goal} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", default=tempfile.gettempdir())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--size", type=float, default=102)
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="swa-durability-", dir=options.directory))
    try:
        measure(scratch, options)
    finally:
        shutil.rmtree(scratch)


def measure(scratch, options):
    rounds, size = range(options.rounds), int(options.size * 1e6)
    body = file_of(size, 0.001)
    journal = ("--durability", "journal", "--checkpoint-interval", "86400", "--journal-max-bytes", str(1 << 40))
    print("| what | measured | held against | ratio | goal |\n| --- | ---: | ---: | ---: | --- |")

    server = Server(scratch, "--data-dir", scratch / "small", *journal).create(SMALL)
    pairs = [(small_pushes(server.port, options.seconds), syncs(scratch, options.seconds)) for _ in rounds]
    server.kill()
    pushes, plain = map(statistics.median, zip(*pairs))
    tell("small pushes of 8 clients, against fsyncs", pushes, plain, "/s", pushes / plain, "> 1")

    server = Server(scratch, "--data-dir", scratch / "large", *journal).create(size)
    connection = Connection(server.port)
    pushed(connection, body)
    pairs = [(pushed(connection, body), written(scratch, body)) for _ in range(3 * options.rounds)]
    push, plain = map(statistics.median, zip(*pairs))
    tell("large push, against writing its bytes", push, plain, "s", plain / push, "≥ 0.8")

    pairs = [
        (pushed_by_many(server.port, body, 4, 12), statistics.median(written(scratch, body) for _ in range(3)))
        for _ in rounds
    ]
    push, plain = map(statistics.median, zip(*pairs))
    tell("large pushes of 4 clients, each, against writing its bytes", push, plain, "s", plain / push, "≥ 0.8")

    quiet, beside = [], []
    for _ in rounds:
        quiet += [pushed(connection, body) for _ in range(2)]
        checkpoint = threading.Thread(
            target=lambda: Connection(server.port).exchange("POST", "/v1/checkpoints"), daemon=True
        )
        checkpoint.start()
        while checkpoint.is_alive():
            beside.append(pushed(connection, body))
        checkpoint.join()
    beside, quiet = statistics.median(beside), statistics.median(quiet)
    tell("large push beside a checkpoint, against one without", beside, quiet, "s", beside / quiet, "≤ 1.3")
    server.kill()

    memory = Server(scratch).create(size)
    connection = Connection(memory.port)
    pushed(connection, body)
    pairs = [
        (pushed(connection, body, f'Idempotency-Key: "{number}"'), pushed(connection, body))
        for number in range(5 * options.rounds)
    ]
    keyed, plain = map(statistics.median, zip(*pairs))
    tell("large push with a key, against one without", keyed, plain, "s", keyed / plain, "≤ 1.03")

    shutil.rmtree(scratch / "large")
    for kept, count in (("few", 2), ("many", 12)):
        server = Server(scratch, "--data-dir", scratch / kept, *journal).create(size)
        journaled = Connection(server.port)
        for _ in range(count):
            pushed(journaled, body)
        server.kill()
    pairs = []
    for _ in rounds:
        seconds = []
        for kept in ("few", "many"):
            start = time.monotonic()
            server = Server(scratch, "--data-dir", scratch / kept, *journal)
            server.wait_until_ready()
            seconds.append(time.monotonic() - start)
            server.kill()
        pairs.append(((seconds[1] - seconds[0]) / 10, statistics.median(pushed(connection, body) for _ in range(5))))
    memory.kill()
    recovered, plain = map(statistics.median, zip(*pairs))
    tell("recovery of a large push, against the push in memory", recovered, plain, "s", plain / recovered, "≥ 0.8")


if __name__ == "__main__":
    main()
