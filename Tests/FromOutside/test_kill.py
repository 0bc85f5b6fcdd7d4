"""Servers with a journal, killed at any moment while trainers push: every push is applied exactly once."""

import json
import os
import random
import signal
import subprocess
import threading
import time

import numpy
import requests
import safetensors.numpy

from server import EXECUTABLE, Client, environment
from tensors import encode

SEED = 20_260
KILLS = 320 if "LONG_TESTS" in os.environ else 12
TRAINERS = 3
SHAPES = {"w": ((5, 7), "<f4"), "h": ((11,), "<f2"), "d": ((3,), "<f8")}
OPTIMIZER = {
    "class_name": "SWA",
    "config": {"average_period": 3, "optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.01}}},
}


def content(trainer, number):
    """The gradients of one push."""
    rng = numpy.random.default_rng((SEED, trainer, number))
    return encode({name: rng.standard_normal(shape).astype("<f4") for name, (shape, _) in SHAPES.items()})


def begin(client):
    """The model that all begin with."""
    rng = numpy.random.default_rng(SEED)
    assert client.put("/v1/optimizer", json=OPTIMIZER).status_code == 200
    model = {name: rng.standard_normal(shape).astype(dtype) for name, (shape, dtype) in SHAPES.items()}
    assert client.put("/v1/weights", data=encode(model)).status_code == 201


class Mortal:
    """A server that is killed and started again on its data directory."""

    def __init__(self, directory, *arguments):
        self.port_file = directory / "port"
        self.log = (directory / "server.log").open("wb")
        self.arguments = [
            *("--data-dir", directory / "data", "--durability", "journal"),
            *("--checkpoint-every", "40", "--keep-checkpoints", "2"),
            *arguments,
        ]
        self.process = None

    def start(self):
        self.port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [EXECUTABLE, "serve", "--port", "0", "--port-file", self.port_file, *self.arguments],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            env=environment(),
        )

    def kill(self):
        assert self.process.poll() is None, "the server ended by itself"
        self.process.kill()
        assert self.process.wait() == -signal.SIGKILL

    @property
    def url(self):
        """Where the server listens, if it does by now."""
        try:
            return f"http://127.0.0.1:{int(self.port_file.read_text())}"
        except (FileNotFoundError, ValueError):
            return "http://127.0.0.1:0"

    def is_ready(self):
        try:
            return requests.get(self.url + "/readyz", timeout=10).status_code == 200
        except requests.RequestException:
            return False

    def wait(self):
        deadline = time.monotonic() + 60
        while not self.is_ready():
            assert self.process.poll() is None, "the server ended by itself"
            assert time.monotonic() < deadline, "the server did not become ready"
            time.sleep(0.005)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Trainer(threading.Thread):
    """Pushes one after the other, each until it is answered, and keeps the receipts."""

    def __init__(self, server, index, stop):
        super().__init__(daemon=True)
        self.server, self.index, self.stopping = server, index, stop
        self.receipts = []
        self.resent = 0
        self.failure = None

    def run(self):
        with requests.Session() as session:
            session.trust_env = False
            while not self.stopping.is_set():
                number = len(self.receipts)
                response = self.push(session, number, content(self.index, number))
                if response is None:
                    return
                self.receipts.append(response.content)

    def push(self, session, number, data):
        fields = {"Idempotency-Key": f'"push-{number}"', "Trainer-Id": f"t{self.index}"}
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                response = session.post(self.server.url + "/v1/gradients", data=data, headers=fields, timeout=30)
            except requests.RequestException:
                time.sleep(0.005)
                continue
            if response.status_code == 200:
                self.resent += response.headers.get("Idempotent-Replayed") == "true"
                return response
            if response.status_code != 503:
                self.failure = response.text
                return None
            time.sleep(0.005)
        self.failure = "no answer in two minutes"
        return None


class Place:
    """What a client wants to know of a server."""

    def __init__(self, url):
        self.url = url


def tensors(client, path):
    """Names, types, shapes and bytes of what is there."""
    response = client.get(path)
    assert response.status_code == 200, response.text
    return {
        name: (tensor.dtype.str, tensor.shape, tensor.tobytes())
        for name, tensor in safetensors.numpy.load(response.content).items()
    }


def state(client):
    """Variables, averages, slots and counters."""
    paths = ("/v1/weights", "/v1/weights/averaged", "/v1/optimizer/weights")
    status = client.status()
    counters = {key: status[key] for key in ("iterations", "snapshots", "next_snapshot_at", "learning_rate")}
    return {path: tensors(client, path) for path in paths} | counters


def without_epoch(receipt):
    document = json.loads(receipt)
    document["etag"] = document["etag"].split("-")[1]
    return document


def test_every_push_is_applied_exactly_once(tmp_path, start):
    rng = random.Random(SEED)
    mortal = Mortal(tmp_path)
    mortal.start()
    try:
        mortal.wait()
        with Client(Place(mortal.url)) as client:
            begin(client)
        stop = threading.Event()
        trainers = [Trainer(mortal, index, stop) for index in range(TRAINERS)]
        for trainer in trainers:
            trainer.start()
        for _ in range(KILLS):
            # Now and then before it has recovered, else while the trainers push.
            if rng.random() > 0.2:
                mortal.wait()
            time.sleep(rng.uniform(0, 0.12))
            mortal.kill()
            mortal.start()
        mortal.wait()
        stop.set()
        for trainer in trainers:
            trainer.join(150)
            assert not trainer.is_alive() and trainer.failure is None, trainer.failure
        mortal.kill()
        mortal.start()
        mortal.wait()

        pushes = [
            (json.loads(receipt)["iterations"], trainer.index, number, receipt)
            for trainer in trainers
            for number, receipt in enumerate(trainer.receipts)
        ]
        pushes.sort()
        assert [iteration for iteration, *_ in pushes] == list(range(1, len(pushes) + 1))
        assert len(pushes) > KILLS
        with Client(Place(mortal.url)) as client, Client(start()) as calm:
            begin(calm)
            survived = state(client)
            for _, trainer, number, receipt in pushes:
                again = calm.post("/v1/gradients", data=content(trainer, number))
                assert without_epoch(again.content) == without_epoch(receipt)
            assert survived == state(calm)
            # What was answered before all those kills is answered in the same way now.
            for _, trainer, number, receipt in pushes[:50] + pushes[-250:]:
                fields = {"Idempotency-Key": f"push-{number}", "Trainer-Id": f"t{trainer}"}
                again = client.post("/v1/gradients", data=content(trainer, number), headers=fields)
                assert again.headers["Idempotent-Replayed"] == "true"
                assert again.content == receipt
            assert state(client) == survived
        print(f"{KILLS} kills, {len(pushes)} pushes, {sum(t.resent for t in trainers)} answered twice")
    finally:
        mortal.close()
