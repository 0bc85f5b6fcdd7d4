"""Pushes with an Idempotency-Key, sent more than once."""

import concurrent.futures
import hashlib
import re
import socket
import struct
import threading
from pathlib import Path

import numpy
import pytest
import safetensors.numpy

from server import Client, long, problem
from tensors import encode, f32
from wire import Wire, until

BODY = encode({"w": f32(1, 2)})
OTHER = encode({"w": f32(1, 3)})


@pytest.fixture
def model(client):
    assert client.put("/v1/weights", data=encode({"w": f32(5, 5)})).status_code == 201
    return client


def push(client, key, content=BODY, query="", **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/gradients" + query, data=content, headers={"Idempotency-Key": key, **headers})


def replayed(response):
    return response.headers.get("Idempotent-Replayed") == "true"


def iterations(client):
    return client.status()["iterations"]


def weights(client):
    return safetensors.numpy.load(client.get("/v1/weights").content)["w"]


def head(key, length, more=""):
    """The head of a push, for one that comes in pieces."""
    return (
        "POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\n"
        f"Idempotency-Key: {key}\r\nContent-Length: {length}\r\n{more}\r\n"
    ).encode()


def test_a_second_push_is_answered_as_the_first_and_changes_nothing(model):
    first = push(model, "a")
    assert not replayed(first)
    push(model, "b")
    before = model.state()
    second = push(model, "a")
    assert second.status_code == 200
    assert replayed(second)
    assert second.content == first.content
    for name in ("Weights-Iteration", "Model-Epoch", "Content-Type"):
        assert second.headers[name] == first.headers[name]
    assert model.state() == before
    assert iterations(model) == 2


def test_quotes_are_not_part_of_the_key(model):
    push(model, '"k"')
    assert replayed(push(model, "k"))
    push(model, 'with"quote\\and-backslash')
    assert replayed(push(model, '"with\\"quote\\\\and-backslash"'))
    assert not replayed(push(model, '"\\"k\\""'))
    assert iterations(model) == 3


@pytest.mark.parametrize(
    "key", ["", '""', "two words", '"two words"', '"open', '"a"b', '"a\\b"', '"a";x=1', "a" * 256, "é", "a,\tb"]
)
def test_a_key_that_is_none_is_400(model, key):
    with Wire(model.server) as wire:
        wire.send(head("KEY", 0).replace(b"KEY", key.encode()))
        answer = wire.answer("POST", "/v1/gradients")
    assert answer.status == 400
    assert b"invalid-header" in answer.content and b"Idempotency-Key" in answer.content
    assert iterations(model) == 0


def test_the_longest_key(model):
    assert push(model, "~" * 255).status_code == 200
    assert replayed(push(model, '"' + "~" * 255 + '"'))


def test_another_body_under_the_key_is_422(model):
    push(model, "a")
    before = model.state()
    document = problem(push(model, "a", OTHER), 422, "idempotency-mismatch")
    assert document["field"] == "Idempotency-Key"
    problem(push(model, "a", encode({"w": f32(1, 2)}, metadata={"x": "y"})), 422, "idempotency-mismatch")
    assert model.state() == before
    assert replayed(push(model, "a"))


def test_each_trainer_has_keys_of_its_own(model):
    push(model, "a", Trainer_Id="one")
    assert not replayed(push(model, "a", OTHER, Trainer_Id="two"))
    assert not replayed(push(model, "a", OTHER))
    assert replayed(push(model, "a", Trainer_Id="one"))
    assert {entry["id"]: entry["pushes"] for entry in model.get("/v1/trainers").json()} == {"one": 1, "two": 1}


def test_each_token_has_keys_of_its_own(start, tmp_path):
    tokens = ["token-of-one", "token-of-two"]
    file = tmp_path / "tokens"
    file.write_text("".join(f"admin:{hashlib.sha256(token.encode()).hexdigest()}\n" for token in tokens))
    with Client(start("--tokens", file)) as client:
        one, two = ({"Authorization": f"Bearer {token}"} for token in tokens)
        client.put("/v1/weights", data=encode({"w": f32(5, 5)}), headers=one)
        push(client, "a", **one)
        assert not replayed(push(client, "a", OTHER, **two))
        assert replayed(push(client, "a", **one))
        assert replayed(push(client, "a", OTHER, **two))


def test_a_refused_push_is_not_remembered(model):
    problem(push(model, "a", encode({"w": f32(numpy.nan, 1)})), 422, "non-finite-gradient")
    problem(push(model, "a", encode({"v": f32(1)})), 422, "unknown-variable")
    problem(push(model, "a", b"short"), 400, "malformed-body")
    problem(push(model, "a", Weights_Iteration="9"), 409, "iteration-ahead")
    assert not replayed(push(model, "a"))
    assert iterations(model) == 1


def test_a_dry_run_has_no_key(model):
    assert not replayed(push(model, "a", query="?dry_run=true"))
    assert not replayed(push(model, "a", OTHER))
    answer = push(model, "a", OTHER, "?dry_run=true")
    assert not replayed(answer)
    assert answer.json()["iterations"] == 2
    problem(push(model, "two words", query="?dry_run=true"), 400, "invalid-header")


def test_json_is_remembered_too(model):
    content = b'{"gradients":{"w":[1,2]}}'
    first = push(model, "a", content, Content_Type="application/json")
    assert push(model, "a", content, Content_Type="application/json").content == first.content
    spaced = content.replace(b",", b", ")
    problem(push(model, "a", spaced, Content_Type="application/json"), 422, "idempotency-mismatch")
    assert iterations(model) == 1


def test_a_chunked_body_is_the_same_body(model):
    push(model, "a")
    assert replayed(push(model, "a", iter([BODY[:3], BODY[3:60], BODY[60:]])))
    assert iterations(model) == 1


def test_a_large_body(client):
    rng = numpy.random.default_rng(3)
    w = rng.standard_normal(3_000_000).astype("<f4")
    content = encode({"w": w})
    client.put("/v1/weights", data=content)
    first = push(client, "a", content)
    assert push(client, "a", content).content == first.content
    changed = bytearray(content)
    changed[-1_000_000] ^= 1
    problem(push(client, "a", bytes(changed)), 422, "idempotency-mismatch")
    numpy.testing.assert_array_equal(weights(client), w - numpy.float32(0.01) * w)


def test_each_answer_has_the_form_that_it_asks_for(model):
    first = push(model, "a", Prefer="return=minimal")
    assert first.status_code == 204 and not replayed(first)
    second = push(model, "a", Prefer="return=minimal")
    assert second.status_code == 204 and replayed(second)
    assert second.headers["Weights-Iteration"] == "1"
    receipt = push(model, "a")
    assert replayed(receipt) and receipt.json()["iterations"] == 1


def test_a_representation_is_that_of_the_current_weights(model):
    first = push(model, "a", Prefer="return=representation")
    assert first.headers["Weights-Iteration"] == "1"
    push(model, "b")
    current = model.get("/v1/weights")
    second = push(model, "a", Prefer="return=representation")
    assert replayed(second)
    assert second.content == current.content != first.content
    for name in ("ETag", "Weights-Iteration", "Model-Epoch"):
        assert second.headers[name] == current.headers[name]


def test_what_an_applied_push_no_longer_fits_is_no_reason_to_refuse_it(start):
    server = start("--staleness-policy", "reject", "--max-staleness", "0")
    with Client(server) as client:
        created = client.put("/v1/weights", data=encode({"w": f32(5, 5)}))
        fields = {
            "If_Match": client.get("/v1/weights").headers["ETag"],
            "Weights_Iteration": "0",
            "Model_Epoch": created.headers["Model-Epoch"],
        }
        first = push(client, "a", **fields)
        push(client, "b")
        second = push(client, "a", **fields)
        assert replayed(second) and second.content == first.content
        problem(push(client, "c", **fields), 412, "precondition-failed")
        del fields["If_Match"]
        problem(push(client, "c", **fields), 409, "stale-gradient")
        assert replayed(push(client, "a", **fields))
        problem(push(client, "a", Model_Epoch="another"), 409, "model-epoch-mismatch")
        problem(push(client, "a", query="?dry_run=true", **fields), 409, "stale-gradient")
        assert iterations(client) == 2


def test_a_new_epoch_remembers_nothing(model):
    first = push(model, "a")
    model.put("/v1/optimizer", json={"class_name": "SGD", "config": {}})
    problem(push(model, "a", Model_Epoch=first.headers["Model-Epoch"]), 409, "model-epoch-mismatch")
    second = push(model, "a", OTHER)
    assert not replayed(second)
    assert second.headers["Model-Epoch"] != first.headers["Model-Epoch"]


def test_other_changes_forget_nothing(model):
    first = push(model, "a")
    model.patch("/v1/optimizer", json={"learning_rate": 0.5})
    model.post("/v1/weights/averaged/assign")
    model.put("/v1/weights", data=encode({"w": f32(0, 0)}))
    model.delete("/v1/weights/averaged")
    assert push(model, "a").content == first.content


def test_of_pushes_at_the_same_time_one_is_applied(model):
    barrier = threading.Barrier(12)

    def work(_):
        with Client(model.server) as client:
            barrier.wait(20)
            return [push(client, key) for key in "abcdefgh"]

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(work, range(12)))
    for same in zip(*answers, strict=True):
        assert len({answer.content for answer in same}) == 1
        assert sorted(map(replayed, same)) == [False] + [True] * 11
    assert iterations(model) == 8
    expected = f32(5, 5)
    for _ in range(8):
        expected = expected - numpy.float32(0.01) * f32(1, 2)
    numpy.testing.assert_array_equal(weights(model), expected)


def begin(wire, key, content):
    """Sends a push but for its last bytes, and sees to it that it is under way before any other."""
    wire.send(head(key, len(content), "Expect: 100-continue\r\n"))
    assert wire.answer("POST", "/v1/gradients").status == 100
    wire.send(content[:-4])


def waits_for(wire):
    """Whether nothing comes for a moment."""
    wire.socket.settimeout(0.3)
    try:
        wire.fill()
    except TimeoutError:
        return True
    finally:
        wire.socket.settimeout(20)
    return False


def test_while_the_first_is_under_way_the_others_wait(start):
    server = start("--max-workers", "2")
    with Client(server) as client, Wire(server) as first:
        client.put("/v1/weights", data=encode({"w": f32(5, 5)}))
        begin(first, "a", BODY)
        # As many as there are workers, and more: none holds one.
        others = [Wire(server) for _ in range(5)]
        for wire in others[:4]:
            wire.send(head("a", len(BODY)) + BODY)
        others[4].send(head("a", len(OTHER)) + OTHER)
        assert all(waits_for(wire) for wire in others)
        assert push(client, "b").json()["iterations"] == 1
        big = client.post("/v1/gradients", json={"gradients": {"w": [1, 1]}})
        assert big.json()["iterations"] == 2
        first.send(BODY[-4:])
        receipt = first.answer("POST", "/v1/gradients")
        assert receipt.status == 200 and "Idempotent-Replayed" not in receipt.headers
        for wire in others[:4]:
            answer = wire.answer("POST", "/v1/gradients")
            assert answer.content == receipt.content
            assert answer.headers["Idempotent-Replayed"] == "true"
        assert others[4].answer("POST", "/v1/gradients").status == 422
        for wire in others:
            wire.socket.close()
        assert iterations(client) == 3


@pytest.mark.parametrize("end", ["lost", "reset", "refused"])
def test_when_the_first_fails_the_next_one_is_applied(model, end):
    with Wire(model.server) as second, Wire(model.server) as third:
        first = Wire(model.server)
        content = encode({"w": f32(1, numpy.nan)})
        begin(first, "a", content)
        second.send(head("a", len(BODY)) + BODY)
        assert waits_for(second)
        third.send(head("a", len(BODY)) + BODY)
        if end == "refused":
            first.send(content[-4:])
            assert first.answer("POST", "/v1/gradients").status == 422
        if end == "reset":
            first.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        first.socket.close()
        answers = [wire.answer("POST", "/v1/gradients") for wire in (second, third)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert sorted("Idempotent-Replayed" in answer.headers for answer in answers) == [False, True]
    assert iterations(model) == 1


def test_one_whose_client_has_left_is_applied_once(model):
    with Wire(model.server) as wire:
        wire.send(head("a", len(BODY)) + BODY)
    until(lambda: iterations(model) == 1)
    assert replayed(push(model, "a"))
    assert iterations(model) == 1


@long
def test_a_stalled_first_push_ends_by_its_rate(start):
    server = start("--body-min-rate", "1000")
    with Client(server) as client, Wire(server) as first, Wire(server) as second:
        client.put("/v1/weights", data=encode({"w": f32(5, 5)}))
        begin(first, "a", BODY)
        second.send(head("a", len(BODY)) + BODY)
        second.socket.settimeout(60)
        assert second.answer("POST", "/v1/gradients").status == 200
        assert first.answer("POST", None).status == 408
        assert iterations(client) == 1


def resident(process):
    """Bytes of a process's memory."""
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())[1]) << 10


@long
def test_65536_keys_are_remembered_in_a_kilobyte_each(start):
    count = 65_536
    server = start()
    trainer = "t" * 64
    request = (
        b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nTrainer-Id: %b\r\nPrefer: return=minimal\r\n"
        b"Idempotency-Key: KEY\r\nContent-Length: %d\r\n\r\n" % (trainer.encode(), len(BODY))
    ) + BODY

    def pipelined(first, last):
        """Pushes as nobody would, to be done in a few seconds."""
        with Wire(server) as wire:
            content = b"".join(request.replace(b"KEY", b"%0255d" % key) for key in range(first, last))
            sender = threading.Thread(target=wire.send, args=(content,))
            sender.start()
            count = 0
            while count < last - first or wire.buffer:
                wire.fill()
                *answers, wire.buffer = wire.buffer.split(b"\r\n\r\n")
                assert all(answer.startswith(b"HTTP/1.1 204") for answer in answers)
                count += len(answers)
            sender.join()

    with Client(server) as client:
        client.put("/v1/weights", data=encode({"w": f32(5, 5)}))
        push(client, "first", Trainer_Id=trainer)
        push(client, "second", Trainer_Id=trainer)
        pipelined(0, 2048)
        before = resident(server.process)
        for first in range(2048, count - 1, 2048):
            pipelined(first, min(first + 2048, count - 1))
        assert resident(server.process) - before < count * 1024
        assert iterations(client) == count + 1
        assert replayed(push(client, "second", Trainer_Id=trainer))
        assert not replayed(push(client, "first", Trainer_Id=trainer))
        assert not replayed(push(client, "second", Trainer_Id=trainer))
