"""A server process, and a session with it whose every answer is held against the specification."""

import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from specification import Specification

TOP = Path(__file__).parents[2]
EXECUTABLE = os.environ.get("SWA_SERVER", str(TOP / ".build/release/swa-server"))
SPECIFICATION = Specification()

# What takes too long for every run: deploy/test.sh --long.
long = pytest.mark.skipif("LONG_TESTS" not in os.environ, reason="only in long runs")


def environment(**more):
    """This process's environment without what would configure a server, and more."""
    return {key: value for key, value in os.environ.items() if not key.startswith("SWA_")} | more


class Server:
    """`swa-server serve` on a free port of 127.0.0.1."""

    def __init__(self, directory, *arguments, env=None):
        port_file = directory / "port"
        port_file.unlink(missing_ok=True)
        self.log = directory / "server.log"
        self.exit_status = 0
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [EXECUTABLE, "serve", "--port", "0", "--port-file", port_file, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env or environment(),
            )
        deadline = time.monotonic() + 60
        while not port_file.exists():
            assert self.process.poll() is None, f"the server stopped: {self.log.read_text()}"
            assert time.monotonic() < deadline, "the server did not listen"
            time.sleep(0.005)
        text = port_file.read_text()
        assert text.strip().isdecimal(), f"{text!r} was in the port file"
        self.port = int(text)
        self.url = f"http://127.0.0.1:{self.port}"

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """Stops the server as an operator would; a crash before or a bad exit fails here."""
        if self.process.poll() is None:
            self.terminate()
        try:
            status = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        assert status == self.exit_status, f"exit status {status}: {self.log.read_text()[-2000:]}"


class Client(requests.Session):
    """A session whose requests name a path, and whose every answer is held against openapi.yaml."""

    def __init__(self, server):
        super().__init__()
        self.trust_env = False
        self.server = server

    def request(self, method, path, **arguments):
        arguments.setdefault("timeout", 30)
        response = super().request(method, self.server.url + path, **arguments)
        SPECIFICATION.check(
            method.upper(), urlsplit(path).path, response.status_code, response.headers, response.content
        )
        return response

    def status(self):
        """The object of /v1/status."""
        return self.get("/v1/status").json()

    def state(self):
        """Everything that a refused request must leave as it is."""
        weights = self.get("/v1/weights")
        average = self.get("/v1/weights/averaged")
        status = {key: value for key, value in self.status().items() if key != "uptime_seconds"}
        optimizer = self.get("/v1/optimizer").json()
        return (
            weights.status_code,
            weights.headers.get("ETag"),
            weights.content,
            average.status_code,
            average.headers.get("ETag"),
            average.content if average.ok else None,
            status,
            optimizer,
        )


def ready(server):
    """A client of a server that has read its data directory."""
    client = Client(server)
    deadline = time.monotonic() + 60
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.005)
    return client


def problem(response, status, name):
    """Asserts which problem this is and returns it."""
    assert response.status_code == status, response.text
    document = response.json()
    assert document["type"] == f"/problems/{name}", response.text
    return document
