"""Clients by the hundred or thousand, in a process of their own: `python crowd.py KIND PORT COUNT [OPTION...]`.

It prints `ready` once all are connected, goes on until its standard input ends, and then prints a line of JSON about
what they saw. Kinds: `idle`; `drip` sends heads a byte at a time; `stall` begins a body or an answer and stops;
`read` and `send` move a big answer or body at 10 KiB/s each.
"""

import json
import resource
import selectors
import socket
import subprocess
import sys
import time
from pathlib import Path

HEAD = b"Host: localhost\r\n"
RATE = 10 << 10


class Crowd:
    """A crowd while a `with` statement runs; `seen` afterwards is what it saw."""

    def __init__(self, kind, server, count, *options):
        self.arguments = [sys.executable, __file__, kind, str(server.port), str(count), *map(str, options)]

    def __enter__(self):
        self.process = subprocess.Popen(self.arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_):
        text, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0
        self.seen = json.loads(text)


class Clients:
    def __init__(self, port, count):
        self.port = port
        self.sockets = {}
        self.seen = {"ended": 0, "answered": 0, "bytes": 0}
        for number in range(count):
            self.connect()
            if number % 200 == 199:
                # The backlog of a listening socket is finite.
                time.sleep(0.02)

    def connect(self):
        client = socket.socket()
        # Small, so that it is the server that has to wait.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 10)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32 << 10)
        client.settimeout(20)
        client.connect(("127.0.0.1", self.port))
        client.setblocking(False)
        self.sockets[client] = b""
        return client

    def drop(self, client):
        self.seen["ended"] += 1
        del self.sockets[client]
        client.close()

    def receive(self, client, count=65536):
        """Reads what is there; notes an end."""
        try:
            data = client.recv(count)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self.drop(client)
            return b""
        if data.startswith(b"HTTP/1.1 "):
            self.seen["answered"] += 1
        self.seen["bytes"] += len(data)
        return data

    def send(self, client, data):
        """Sends what goes; answers how much."""
        try:
            return client.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self.drop(client)
            return 0

    def idle(self, now):
        pass

    def drip(self, now):
        """One byte every two seconds from each; whoever is refused begins anew."""
        line = b"GET /healthz HTTP/1.1\r\n" + HEAD + b"X: " + b"y" * 1000
        for client, sent in list(self.sockets.items()):
            self.receive(client)
            if client not in self.sockets:
                client = self.connect()
                sent = 0
            sent = sent or 0
            if (client.fileno() + int(now * 10)) % 20 == 0:
                sent += self.send(client, line[sent : sent + 1])
            if client in self.sockets:
                self.sockets[client] = sent

    def stall(self, now):
        for number, (client, begun) in enumerate(list(self.sockets.items())):
            if not begun:
                # More answers than the buffers on both sides hold, and the beginning of a body.
                get = 400 * (b"GET /v1/weights HTTP/1.1\r\n" + HEAD + b"\r\n")
                put = b"PUT /v1/weights HTTP/1.1\r\n" + HEAD + b"Content-Length: 100000000\r\n\r\n\x10\0\0"
                self.send(client, (get, put)[number % 2])
                if client in self.sockets:
                    self.sockets[client] = True

    def read(self, now):
        get = b"GET /v1/weights HTTP/1.1\r\n" + HEAD + b"\r\n"
        for client, begun in list(self.sockets.items()):
            if not begun:
                self.send(client, get)
                self.sockets[client] = True
            self.receive(client, RATE // 10)

    def post(self, now, path):
        """Sends the file at `path` as gradients, over and over its end."""
        if not hasattr(self, "content"):
            self.content = Path(path).read_bytes()
        head = b"POST /v1/gradients HTTP/1.1\r\n" + HEAD + b"Content-Length: %d\r\n\r\n" % len(self.content)
        for client, sent in list(self.sockets.items()):
            if not sent:
                self.send(client, head)
                sent = 0
            sent += self.send(client, self.content[sent : sent + RATE // 10]) or 0
            if client in self.sockets:
                self.sockets[client] = sent
                self.receive(client)


def main(kind, port, count, *options):
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(count) + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    clients = Clients(int(port), int(count))
    act = getattr(clients, {"send": "post"}.get(kind, kind))
    act(time.monotonic(), *options)
    print("ready", flush=True)
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    while not selector.select(timeout=0.1):
        act(time.monotonic(), *options)
    for client in list(clients.sockets):
        clients.receive(client)
    clients.seen["open"] = len(clients.sockets)
    print(json.dumps(clients.seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
