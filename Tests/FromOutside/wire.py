"""HTTP by literal bytes, where a client library would not send what a test wants to send."""

import socket
import time

from requests.structures import CaseInsensitiveDict

from server import SPECIFICATION


class Answer:
    def __init__(self, status, headers, content):
        self.status = status
        self.headers = headers
        self.content = content


class Wire:
    """One TCP connection to a server."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def finish(self):
        """Ends what is sent, and goes on reading."""
        self.socket.shutdown(socket.SHUT_WR)

    def answer(self, method, path):
        """The next answer, held against the specification as one to this request unless it is interim.

        The path is None where the request has none.
        """
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        line, *fields = head.decode("latin-1").split("\r\n")
        version, status, _ = line.split(" ", 2)
        assert version == "HTTP/1.1"
        headers = CaseInsensitiveDict(field.split(": ", 1) for field in fields)
        length = 0 if method == "HEAD" else int(headers.get("Content-Length", 0))
        while len(self.buffer) < length:
            self.fill()
        content, self.buffer = self.buffer[:length], self.buffer[length:]
        if int(status) >= 200 and path is not None:
            SPECIFICATION.check(method, path, int(status), headers, content)
        return Answer(int(status), headers, content)

    def fill(self):
        data = self.socket.recv(65536)
        assert data, f"the connection ended after {self.buffer!r}"
        self.buffer += data

    def is_closed(self):
        """Whether the server ends the connection, having sent nothing more."""
        return self.buffer == b"" and self.socket.recv(1) == b""


def until(condition, seconds=10):
    """Waits for another process to make a condition true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
