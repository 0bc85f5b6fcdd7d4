"""swa-trainer and lost connections: a proxy loses them where it hurts."""

import os
import re
import socket
import subprocess
import threading
import time

import numpy
import pytest
import safetensors.numpy

from server import EXECUTABLE, Client, environment
from tensors import encode, f32

TRAINER = os.path.join(os.path.dirname(EXECUTABLE), "swa-trainer")


class LossyProxy:
    """Hands on whole exchanges, but loses the answer to some: what is in `lose`, once each."""

    def __init__(self, server):
        self.port = server.port
        self.lose = []
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(near,), daemon=True).start()

    def carry(self, near):
        with near:
            while request := message(near):
                self.requests.append(request)
                with socket.create_connection(("127.0.0.1", self.port), timeout=20) as far:
                    far.sendall(request)
                    answer = message(far)
                line = request.split(b"\r\n")[0]
                for loss in self.lose:
                    if line.startswith(loss[0]):
                        self.lose.remove(loss)
                        loss[1]()
                        return
                near.sendall(answer)

    def close(self):
        self.listener.close()


def message(connection):
    """One request or answer with a Content-Length, or nothing at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head = data.split(b"\r\n\r\n")[0]
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(data) < len(head) + 4 + int(lengths[0] if lengths else 0):
        piece = connection.recv(65536)
        assert piece
        data += piece
    return data


@pytest.fixture
def proxy(server):
    proxy = LossyProxy(server)
    yield proxy
    proxy.close()


def trainer(proxy, *arguments):
    return subprocess.run(
        [TRAINER, *arguments, "--url", proxy.url], capture_output=True, text=True, timeout=60, env=environment()
    )


@pytest.fixture
def gradients(tmp_path):
    path = tmp_path / "gradients.safetensors"
    path.write_bytes(encode({"w": f32(1, 2)}))
    return path


def test_a_push_whose_answers_are_lost_is_applied_once(client, proxy, gradients):
    client.put("/v1/weights", data=encode({"w": f32(5, 5)}))
    proxy.lose = [(b"POST", lambda: None), (b"POST", lambda: None)]
    done = trainer(proxy, "push", str(gradients))
    assert done.returncode == 0, done.stderr
    assert "iterations: 1\n" in done.stdout
    assert done.stderr.count("asking again") == 2
    assert sum(request.startswith(b"POST") for request in proxy.requests) == 3
    assert client.status()["iterations"] == 1
    got = safetensors.numpy.load(client.get("/v1/weights").content)["w"]
    numpy.testing.assert_array_equal(got, f32(5, 5) - numpy.float32(0.01) * f32(1, 2))


def test_a_push_is_not_sent_to_another_model_after_a_loss(client, proxy, gradients, start):
    """The server that comes back has the same variables in another epoch: nobody knows what it holds of the push."""
    client.put("/v1/weights", data=encode({"w": f32(5, 5)}))
    epoch = client.status()["model_epoch"]
    other = start()
    with Client(other) as successor:
        successor.put("/v1/weights", data=encode({"w": f32(5, 5)}))
        proxy.lose = [(b"POST", lambda: setattr(proxy, "port", other.port))]
        done = trainer(proxy, "push", str(gradients))
        assert done.returncode == 65
        assert "went back to an earlier state or was replaced" in done.stderr
        assert epoch in done.stderr and successor.status()["model_epoch"] in done.stderr
        assert successor.status()["iterations"] == 0


def test_a_server_that_never_answered_is_not_asked_again(client, proxy, gradients):
    client.put("/v1/weights", data=encode({"w": f32(5, 5)}))
    proxy.lose = [(b"GET /v1/status", lambda: None)]
    assert trainer(proxy, "push", str(gradients)).returncode == 69
    assert len(proxy.requests) == 1


def test_the_trainers_of_a_demo_end_with_it(client, server):
    demo = subprocess.Popen(
        [TRAINER, "demo", "--url", server.url, "--pushes", "1000000"], stdout=subprocess.DEVNULL, env=environment()
    )
    deadline = time.monotonic() + 60
    while (client.status()["iterations"] or 0) < 100:
        assert demo.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    demo.kill()
    demo.wait()
    iterations = None
    while (now := client.status()["iterations"]) != iterations:
        assert time.monotonic() < deadline, "they go on"
        iterations = now
        time.sleep(0.3)


def test_nothing_from_a_server_or_a_file_steers_the_terminal(proxy, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(encode({"\x1b[31mEVIL\x07": f32(1)}))
    done = trainer(proxy, "init", str(path))
    assert done.returncode == 65
    assert "EVIL" in done.stderr and not re.search("[\0-\x09\x0b-\x1f]", done.stderr)


def test_text_of_a_server_is_printed_without_control_characters(client, proxy):
    client.put("/v1/optimizer", json={"class_name": "SWA", "config": {"optimizer": "sgd", "name": "\x1b[31mEVIL\n"}})
    done = trainer(proxy, "status")
    assert done.returncode == 0
    assert "optimizer: \\u{1b}[31mEVIL\\u{a}\n" in done.stdout


@pytest.mark.parametrize(
    "arguments,status,said",
    [
        (["--url", "http://"], 64, "names no host"),
        (["--url", "http:///v1"], 64, "names no host"),
        (["--url", "https://:80"], 64, "names no host"),
        (["--token-file", "not/there"], 74, "cannot read not/there: No such file or directory\n"),
        (["--token-file", "."], 74, "cannot read .: Is a directory\n"),
    ],
)
def test_a_bad_option_is_said_in_words(arguments, status, said):
    done = subprocess.run(
        [TRAINER, "status", *arguments], capture_output=True, text=True, timeout=60, env=environment()
    )
    assert done.returncode == status
    assert said in done.stderr and "Error" not in done.stderr
