"""Trainers as processes of their own: a perceptron on images of hand-written digits, computed in NumPy.

What runs in the processes is here and imports little, so that they start fast.
"""

import multiprocessing
import os
import socket
from pathlib import Path

# Each computes on one thread; read when the process that all begin as copies of loads NumPy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy
import requests
from safetensors.numpy import load, save

DIGITS = Path(__file__).parents[2] / "Sources/CDigits/digits.csv"
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["numpy", "requests", "safetensors.numpy", "pytest"])


class Process:
    """A process that runs `function(pipe, ...)`, killed at the end of a `with` statement unless it is over."""

    def __init__(self, function, *arguments):
        self.pipe, other = PROCESSES.Pipe()
        self.process = PROCESSES.Process(target=function, args=(other, *arguments), daemon=True)
        self.process.start()
        other.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        self.process.kill()
        self.process.join()
        return self.process.exitcode

    def receive(self):
        """The next thing that it tells."""
        assert self.pipe.poll(60), "a trainer tells nothing"
        return self.pipe.recv()


def digits():
    """Images and labels to train on, and those to test on, which are every third."""
    table = numpy.loadtxt(DIGITS, delimiter=",", dtype="<f4")
    images, labels = table[:, :64] / 16, table[:, 64].astype(int)
    test = numpy.arange(len(labels)) % 3 == 2
    return (images[~test], labels[~test]), (images[test], labels[test])


def start():
    """The weights that all begin with."""
    rng = numpy.random.default_rng(20)
    return {
        "hidden/kernel": rng.normal(0, 0.15, (64, 32)).astype("<f4"),
        "hidden/bias": numpy.zeros(32, "<f4"),
        "output/kernel": rng.normal(0, 0.2, (32, 10)).astype("<f4"),
        "output/bias": numpy.zeros(10, "<f4"),
    }


def forward(weights, images):
    """What the hidden units answer, and each label's probability."""
    hidden = numpy.maximum(images @ weights["hidden/kernel"] + weights["hidden/bias"], 0)
    scores = hidden @ weights["output/kernel"] + weights["output/bias"]
    odds = numpy.exp(scores - scores.max(axis=1, keepdims=True))
    return hidden, odds / odds.sum(axis=1, keepdims=True)


def loss(weights, images, labels):
    """The mean cross-entropy."""
    _, chances = forward(weights, images)
    return float(-numpy.log(chances[numpy.arange(len(labels)), labels] + 1e-12).mean())


def accuracy(weights, images, labels):
    return float((forward(weights, images)[1].argmax(axis=1) == labels).mean())


def gradients(weights, images, labels):
    """Those of the mean cross-entropy."""
    hidden, error = forward(weights, images)
    error[numpy.arange(len(labels)), labels] -= 1
    error /= numpy.float32(len(labels))
    back = (error @ weights["output/kernel"].T) * (hidden > 0)
    return {
        "hidden/kernel": images.T @ back,
        "hidden/bias": back.sum(axis=0),
        "output/kernel": hidden.T @ error,
        "output/bias": error.sum(axis=0),
    }


class Batches:
    """What one trainer draws, the same in every run."""

    def __init__(self, seed, size, data=None):
        self.images, self.labels = data or digits()[0]
        self.rng, self.size = numpy.random.default_rng((7, seed)), size

    def next(self):
        chosen = self.rng.integers(0, len(self.labels), self.size)
        return self.images[chosen], self.labels[chosen]


def descend(weights, batches, steps, rate=0.2):
    """Plain descent on this machine alone."""
    for _ in range(steps):
        slope = gradients(weights, *batches.next())
        weights = {name: value - numpy.float32(rate) * slope[name] for name, value in weights.items()}
    return weights


class Trainer:
    """One trainer's connection to a server."""

    def __init__(self, url, name):
        self.url, self.name = url, name
        self.session = requests.Session()
        self.session.trust_env = False

    def pull(self):
        """The weights, and the fields that say which they are."""
        response = self.session.get(self.url + "/v1/weights", timeout=60)
        response.raise_for_status()
        return load(response.content), self.base(response)

    @staticmethod
    def base(response):
        return {name: response.headers[name] for name in ("Weights-Iteration", "Model-Epoch")}

    def push(self, tensors, base, **headers):
        """The receipt, or nothing when the round was over."""
        fields = base | {"Trainer-Id": self.name} | {key.replace("_", "-"): value for key, value in headers.items()}
        response = self.session.post(self.url + "/v1/gradients", data=save(tensors), headers=fields, timeout=60)
        if response.status_code == 409 and response.json()["type"] == "/problems/stale-gradient":
            return None
        response.raise_for_status()
        return response.json()


def train(pipe, url, name, seed, size, pushes, weight=None):
    """Pushes so many gradients, or up to an iteration that it is told; tells (iterations, gradients) of each applied one."""
    headers = {"Contribution_Weight": str(weight)} if weight else {}
    trainer, batches, applied = Trainer(url, name), Batches(seed, size), []
    last = None
    while len(applied) < pushes:
        weights, base = trainer.pull()
        last = pipe.recv() if pipe.poll() else last
        if last and int(base["Weights-Iteration"]) >= last:
            break
        slope = gradients(weights, *batches.next())
        receipt = trainer.push(slope, base, **headers)
        if receipt:
            applied.append((receipt["iterations"], slope))
    pipe.send(applied)


def train_and_hang(pipe, url, name, seed, size, pushes):
    """Pushes so many gradients, then half of a huge one, tells what was applied, and waits to be killed."""
    trainer, batches, applied = Trainer(url, name), Batches(seed, size), []
    while len(applied) < pushes:
        weights, base = trainer.pull()
        slope = gradients(weights, *batches.next())
        receipt = trainer.push(slope, base)
        if receipt:
            applied.append((receipt["iterations"], slope))
    huge = save({key: numpy.full_like(value, 1e30) for key, value in start().items()})
    _, base = trainer.pull()
    fields = base | {"Host": "localhost", "Trainer-Id": name, "Content-Length": str(len(huge))}
    head = "".join(f"{key}: {value}\r\n" for key, value in fields.items())
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"POST /v1/gradients HTTP/1.1\r\n{head}\r\n".encode() + huge[: len(huge) // 2])
        pipe.send(applied)
        pipe.recv()


def total(gradients, weights=None):
    """Their sum in this order, or the mean by these weights, in float32."""
    sums = {}
    for gradient, weight in zip(gradients, weights or [1] * len(gradients)):
        for name, value in gradient.items():
            term = numpy.float32(weight) * value
            sums[name] = sums[name] + term if name in sums else term
    return {name: value / numpy.float32(sum(weights)) for name, value in sums.items()} if weights else sums


def train_alone(pipe, crew, weights, optimizer, rounds):
    """Synchronous training in one process; `crew` has (seed, size) of each trainer in the order of their names.

    Tells the optimizer, which then holds the weights and their averages.
    """
    crew = [Batches(seed, size) for seed, size in crew]
    for _ in range(rounds):
        optimizer.step(total([gradients(optimizer.variables, *batches.next()) for batches in crew], weights))
    pipe.send(optimizer)


def train_locally(pipe, url, name, shard, rounds, steps):
    """Federated averaging's part: from the common weights, some steps on images that nobody else sees, again and again.

    Tells what it pushed.
    """
    trainer, pushed = Trainer(url, name), []
    images, labels = digits()[0]
    batches = Batches(shard.start, 32, (images[shard], labels[shard]))
    for _ in range(rounds):
        weights, base = trainer.pull()
        weights = descend(weights, batches, steps)
        receipt = trainer.push(weights, base, Contribution_Weight=str(len(batches.labels)))
        pushed.append((receipt["iterations"], weights))
    pipe.send((len(batches.labels), pushed))


def train_elsewhere(pipe, url, name, seed, pushes, steps):
    """Trains alone, never pulls, and pushes its weights now and then; tells what it pushed."""
    trainer, batches, weights, pushed = Trainer(url, name), Batches(seed, 32), start(), []
    for _ in range(pushes):
        weights = descend(weights, batches, steps)
        pushed.append((trainer.push(weights, {})["iterations"], weights))
    pipe.send(pushed)
