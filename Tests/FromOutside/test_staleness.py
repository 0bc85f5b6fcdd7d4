"""Pushes whose weights are behind: staleness policies, and If-Match."""

import subprocess
import threading

import numpy
import pytest
import safetensors.numpy

from server import EXECUTABLE, Client, environment, problem
from tensors import encode, f32
from wire import Wire


@pytest.fixture
def started(start):
    """Starts a server with a model of two numbers, trained by plain descent at rate 0.5."""
    clients = []

    def started(*arguments):
        client = Client(start(*arguments))
        clients.append(client)
        client.put("/v1/optimizer", json={"class_name": "SGD", "config": {"learning_rate": 0.5}})
        assert client.put("/v1/weights", data=encode({"w": f32(1, 2)})).status_code == 201
        return client

    yield started
    for client in clients:
        client.close()


def push(client, gradient=f32(1, -1), **headers):
    headers = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return client.post("/v1/gradients", data=encode({"w": gradient}), headers=headers)


def weights(client):
    return safetensors.numpy.load(client.get("/v1/weights").content)["w"]


def test_without_a_policy_any_staleness_is_taken(started):
    client = started()
    for _ in range(3):
        push(client)
    receipt = push(client, Weights_Iteration=0).json()
    assert (receipt["staleness"], receipt["learning_rate"]) == (3, 0.5)


def test_reject_refuses_what_is_further_behind(started):
    client = started("--staleness-policy", "reject", "--max-staleness", "2")
    for _ in range(3):
        assert push(client).status_code == 200
    assert push(client, Weights_Iteration=1).json()["staleness"] == 2
    before = client.state()
    document = problem(push(client, Weights_Iteration=1), 409, "stale-gradient")
    assert document["iterations"] == 4
    assert "at most 2" in document["detail"]
    assert client.state() == before
    assert push(client).json()["staleness"] is None


def test_a_stale_push_is_refused_before_its_content_is_sent(started):
    client = started("--staleness-policy", "reject", "--max-staleness", "0")
    push(client)
    with Wire(client.server) as wire:
        wire.send(
            b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nWeights-Iteration: 0\r\n"
            b"Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n"
        )
        assert wire.answer("POST", "/v1/gradients").status == 409


def half_sent(client, *fields):
    """A push whose head was accepted and whose content is on its way, and the rest of it."""
    body = encode({"w": f32(1, -1)})
    wire = Wire(client.server)
    head = ["POST /v1/gradients HTTP/1.1", "Host: localhost", "Expect: 100-continue", f"Content-Length: {len(body)}"]
    wire.send("\r\n".join([*head, *fields, "", ""]).encode())
    assert wire.answer("POST", "/v1/gradients").status == 100
    return wire, body


def test_staleness_is_judged_again_when_the_content_is_there(started):
    client = started("--staleness-policy", "reject", "--max-staleness", "0")
    wire, body = half_sent(client, "Weights-Iteration: 0")
    with wire:
        push(client)
        before = client.state()
        wire.send(body)
        answer = wire.answer("POST", "/v1/gradients")
    assert answer.status == 409
    assert b"/problems/stale-gradient" in answer.content
    assert client.state() == before


def test_scale_divides_the_learning_rate_by_one_more_than_the_staleness(started):
    client = started("--staleness-policy", "scale")
    expected = f32(1, 2)
    for staleness in (0, 1, 2, 6):
        base = client.status()["iterations"] - staleness
        if base < 0:
            base = 0
            staleness = client.status()["iterations"]
        receipt = push(client, Weights_Iteration=base).json()
        rate = numpy.float32(0.5) / numpy.float32(1 + staleness)
        assert receipt["staleness"] == staleness
        assert receipt["learning_rate"] == float(str(rate))
        expected = expected - rate * f32(1, -1)
        numpy.testing.assert_array_equal(weights(client), expected)
    receipt = push(client).json()
    assert (receipt["staleness"], receipt["learning_rate"]) == (None, 0.5)


def test_a_dry_run_tells_the_scaled_rate(started):
    client = started("--staleness-policy", "scale")
    push(client)
    response = client.post(
        "/v1/gradients?dry_run=true", data=encode({"w": f32(1, 1)}), headers={"Weights-Iteration": "0"}
    )
    assert response.json()["learning_rate"] == 0.25


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--staleness-policy", "reject"], "needs --max-staleness"),
        (["--max-staleness", "3"], "goes with --staleness-policy reject"),
        (["--staleness-policy", "scale", "--max-staleness", "3"], "goes with --staleness-policy reject"),
        (["--staleness-policy", "ignore"], "The value ignore is invalid for --staleness-policy"),
        (["--staleness-policy", "reject", "--max-staleness=-1"], "whole number from 0"),
    ],
)
def test_policies_that_make_no_sense_are_refused(arguments, said):
    done = subprocess.run([EXECUTABLE, "serve", *arguments], capture_output=True, env=environment(), timeout=30)
    assert done.returncode == 64
    assert said in done.stderr.decode().replace("'", "")


def test_if_match_takes_any_tag_of_the_current_weights(started):
    client = started()
    for headers in ({}, {"Accept": "application/json"}):
        tag = client.get("/v1/weights", headers=headers).headers["ETag"]
        receipt = push(client, If_Match=f'"other", {tag}')
        assert receipt.status_code == 200
        assert push(client, If_Match=receipt.json()["etag"]).status_code == 200
    assert push(client, If_Match="*").status_code == 200


def test_if_match_refuses_other_weights(started):
    client = started()
    tag = client.get("/v1/weights").headers["ETag"]
    push(client)
    current = client.get("/v1/weights").headers["ETag"]
    average = client.get("/v1/weights/averaged").headers["ETag"]
    before = client.state()
    for value in (tag, f"W/{current}", current.strip('"'), average, "", '"', '"-w"', current.replace("-w", "-w+")):
        document = problem(push(client, If_Match=value), 412, "precondition-failed")
        assert document["field"] == "If-Match"
        assert current in document["detail"]
    assert client.state() == before


def test_if_match_is_judged_again_when_the_content_is_there(started):
    client = started()
    wire, body = half_sent(client, f"If-Match: {client.get('/v1/weights').headers['ETag']}")
    with wire:
        push(client)
        wire.send(body)
        assert wire.answer("POST", "/v1/gradients").status == 412


def test_if_match_makes_many_trainers_train_in_series(started):
    client = started()
    applied = []

    def train():
        with Client(client.server) as trainer:
            done = 0
            while done < 20:
                pulled = trainer.get("/v1/weights")
                w = safetensors.numpy.load(pulled.content)["w"]
                response = push(trainer, w, If_Match=pulled.headers["ETag"])
                assert response.status_code in (200, 412), response.text
                if response.ok:
                    applied.append(response.json()["iterations"])
                    done += 1

    threads = [threading.Thread(target=train) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == list(range(1, 81))
    expected = f32(1, 2)
    for _ in range(80):
        expected = expected - numpy.float32(0.5) * expected
    numpy.testing.assert_array_equal(weights(client), expected)
