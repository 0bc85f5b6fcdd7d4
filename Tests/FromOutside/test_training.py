"""Many trainers, each a process of its own, train a model of real data through the server."""

import signal
from contextlib import ExitStack
from itertools import groupby

import numpy
import pytest
import safetensors.numpy

import trainers
from reference import Optimizer
from server import Client
from tensors import encode
from trainers import Process

SYNC = ("--aggregation", "sync")
SGD = {"learning_rate": 0.1, "momentum": 0.9, "nesterov": False}
# Names whose order of bytes is that of nothing else.
CREW = [("b", 1, 48), ("a", 2, 16), ("B", 3, 32)]


def begin(server, rule="SGD", fields=SGD, **swa):
    """Creates the model that all begin with."""
    with Client(server) as client:
        swa["optimizer"] = {"class_name": rule, "config": fields}
        assert client.put("/v1/optimizer", json={"class_name": "SWA", "config": swa}).status_code == 200
        assert client.put("/v1/weights", data=encode(trainers.start())).status_code == 201


def reference(rule="SGD", fields=SGD, **swa):
    """The same in NumPy."""
    model = trainers.start()
    optimizer = Optimizer(model, dict.fromkeys(model, "F32"), rule, **fields)
    optimizer.wrapper_fields = swa
    return optimizer


def run(*calls):
    """What processes that run these functions tell in the end."""
    with ExitStack() as stack:
        processes = [stack.enter_context(Process(*call)) for call in calls]
        return [process.receive() for process in processes]


def pulled(server):
    """The weights and their averages."""
    with Client(server) as client:
        paths = ("/v1/weights", "/v1/weights/averaged")
        return [safetensors.numpy.load(client.get(path).content) for path in paths]


def assert_same_bits(server, optimizer):
    for found, expected in zip(pulled(server), (optimizer.variables, optimizer.average)):
        for name, value in expected.items():
            numpy.testing.assert_array_equal(found[name], value, strict=True)
    with Client(server) as client:
        assert client.status()["iterations"] == optimizer.iterations


def assert_trained(server):
    """On images that nobody trained on."""
    _, test = trainers.digits()
    before = trainers.loss(trainers.start(), *test)
    weights, average = pulled(server)
    figures = [(trainers.loss(each, *test), trainers.accuracy(each, *test)) for each in (weights, average)]
    print(f"\nloss {before:.3f}; then (loss, accuracy) last {figures[0]}, averaged {figures[1]}")
    assert before > 2 and figures[0][0] < 0.5 and figures[1][0] < 0.4
    assert figures[1][1] > 0.88


def test_asynchronous_trainers_train_as_one_that_applies_their_pushes_in_order(server):
    fields, swa = SGD | {"learning_rate": 0.03}, {"start_averaging": 120, "average_period": 3}
    begin(server, "SGD", fields, **swa)
    told = run(*[(trainers.train, server.url, name, seed, size, 80) for name, seed, size in CREW])
    pushes = sorted((push for pushes in told for push in pushes), key=lambda push: push[0])
    assert [iteration for iteration, _ in pushes] == list(range(1, 241))
    optimizer = reference("SGD", fields, **swa)
    for _, gradients in pushes:
        optimizer.step(gradients)
    assert_same_bits(server, optimizer)
    assert_trained(server)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_synchronous_trainers_are_one_process_to_the_bit(start, reduction):
    server = start(*SYNC, "--replicas", "3", "--reduction", reduction)
    fields = SGD | {"learning_rate": 0.3 if reduction == "mean" else 0.1}
    swa = {"start_averaging": 60, "average_period": 2}
    begin(server, "SGD", fields, **swa)
    weigh = reduction == "mean"
    told = run(
        *[(trainers.train, server.url, name, seed, size, 80, size if weigh else None) for name, seed, size in CREW]
    )
    assert [[iteration for iteration, _ in pushes] for pushes in told] == [list(range(1, 81))] * 3
    crew = [(seed, size) for _, seed, size in sorted(CREW)]
    weights = [size for _, size in crew] if weigh else None
    (alone,) = run((trainers.train_alone, crew, weights, reference("SGD", fields, **swa), 80))
    assert_same_bits(server, alone)
    assert_trained(server)


@pytest.mark.parametrize("aggregation", ["async", "sync"])
def test_a_trainer_killed_in_mid_push_leaves_nothing_and_the_others_go_on(start, aggregation):
    options = [*SYNC, "--replicas", "3", "--min-replicas", "2", "--sync-grace", "0.05"] if aggregation == "sync" else []
    server = start(*options)
    swa = {"start_averaging": 0, "average_period": 4}
    begin(server, **swa)
    with ExitStack() as stack:
        others = [
            stack.enter_context(Process(trainers.train, server.url, name, seed, size, 10_000))
            for name, seed, size in CREW[:2]
        ]
        victim = stack.enter_context(Process(trainers.train_and_hang, server.url, *CREW[2], 5))
        told = [(CREW[2][0], push) for push in victim.receive()]
        with Client(server) as client:
            hung = client.status()["iterations"]
            assert victim.kill() == -signal.SIGKILL
            # Both stop at the same round, so that none waits for the other.
            for process in others:
                process.pipe.send(hung + 10)
        for (name, _, _), process in zip(CREW, others):
            told += [(name, push) for push in process.receive()]
    told.sort(key=lambda push: (push[1][0], push[0]))
    optimizer = reference(**swa)
    for iteration, pushes in groupby(told, lambda push: push[1][0]):
        assert iteration == optimizer.iterations + 1
        optimizer.step(trainers.total([gradients for _, (_, gradients) in pushes]))
    assert optimizer.iterations >= hung + 10
    assert_same_bits(server, optimizer)


def test_federated_averaging(start):
    server = start(*SYNC, "--replicas", "3")
    swa = {"start_averaging": 5, "average_period": 1}
    begin(server, "Assign", {}, **swa)
    shards = {"b": slice(0, 200), "a": slice(200, 300), "B": slice(300, 900)}
    told = run(*[(trainers.train_locally, server.url, name, shard, 8, 20) for name, shard in shards.items()])
    told = dict(zip(shards, told))
    optimizer = reference("Assign", {}, **swa)
    for index in range(8):
        counts, pushes = zip(*[(told[name][0], told[name][1][index]) for name in sorted(shards)])
        assert {iteration for iteration, _ in pushes} == {index + 1}
        optimizer.step(trainers.total([weights for _, weights in pushes], counts))
    assert_same_bits(server, optimizer)
    assert_trained(server)


def test_weights_that_are_trained_elsewhere_are_averaged(server):
    swa = {"start_averaging": 9, "average_period": 2}
    begin(server, "Assign", {}, **swa)
    told = run(*[(trainers.train_elsewhere, server.url, name, seed, 5, 60) for name, seed, _ in CREW])
    optimizer = reference("Assign", {}, **swa)
    for iteration, weights in sorted(sum(told, []), key=lambda push: push[0]):
        assert iteration == optimizer.iterations + 1
        optimizer.step(weights)
    assert optimizer.count == 3
    assert_same_bits(server, optimizer)
    assert_trained(server)
