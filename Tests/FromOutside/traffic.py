"""Trainers as plain sockets that push and pull as fast as they can, on as little processor time as it takes."""

import socket
import threading
import time


class Exchanger:
    """One connection, with a buffer that every answer is read into."""

    def __init__(self, port, room):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.buffer = memoryview(bytearray(room))

    def exchange(self, *pieces):
        """Status, head and length of the answer to what these bytes ask for."""
        for piece in pieces:
            self.socket.sendall(piece)
        count, end = 0, -1
        while end < 0:
            count += self.receive(count)
            end = bytes(self.buffer[: min(count, 4096)]).find(b"\r\n\r\n")
        head = bytes(self.buffer[:end]).decode()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
        total = end + 4 + int(fields.get("Content-Length", 0))
        while count < total:
            count += self.receive(count)
        return int(head.split(" ", 2)[1]), fields, total - end - 4

    def receive(self, offset):
        count = self.socket.recv_into(self.buffer[offset:])
        assert count, "the server closed the connection"
        return count


def train(port, name, content, seconds):
    """Pulls, half of the times by waiting for other weights than the last, and pushes; what it did, and its worst waits."""
    begin = f"\r\nHost: localhost\r\nTrainer-Id: {name}\r\n"
    push = f"POST /v1/gradients HTTP/1.1{begin}Content-Length: {len(content)}\r\n\r\n".encode()
    exchanger = Exchanger(port, len(content) + 65536)
    seen = {"pushes": 0, "pulls": 0, "polls": 0, "worst": 0.0, "errors": []}
    tag, cycles, end = None, 0, time.monotonic() + seconds
    while time.monotonic() < end:
        waits = f'If-None-Match: {tag}\r\nPrefer: wait=30\r\n' if cycles % 2 else ""
        before = time.monotonic()
        status, fields, length = exchanger.exchange(f"GET /v1/weights HTTP/1.1{begin}{waits}\r\n".encode())
        if status != 200 or length < len(content):
            seen["errors"].append((status, length))
        tag = fields.get("ETag")
        seen["polls" if waits else "pulls"] += 1
        between = time.monotonic()
        status, _, _ = exchanger.exchange(push, content)
        if status != 200:
            seen["errors"].append((status, "push"))
        seen["pushes"] += 1
        cycles += 1
        seen["worst"] = max(seen["worst"], between - before, time.monotonic() - between)
    exchanger.socket.close()
    return seen


def train_many(pipe, port, names, content, seconds):
    """One trainer a thread; tells what each saw."""
    results = {}

    def run(name):
        try:
            results[name] = train(port, name, content, seconds)
        except Exception as error:
            results[name] = {"pushes": 0, "pulls": 0, "polls": 0, "worst": 0.0, "errors": [repr(error)]}

    threads = [threading.Thread(target=run, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipe.send(results)
