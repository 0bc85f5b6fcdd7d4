"""Synchronous training: rounds of many trainers."""

import select
import socket
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest
import safetensors.numpy

from server import EXECUTABLE, Client, environment, problem
from tensors import encode, f32
from wire import Wire, until

SYNC = ("--aggregation", "sync")


class Trainers:
    """Trainers of one server that push at once, each with a session of its own."""

    def __init__(self, server):
        self.server = server
        self.pool = ThreadPoolExecutor(64)
        self.client = Client(server)

    def push(self, trainer, gradients, base=0, path="/v1/gradients", **headers):
        """The future answer to a push."""
        headers = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        headers |= {"Trainer-Id": trainer, "Weights-Iteration": str(base)}
        body = encode(gradients)

        def send():
            with Client(self.server) as client:
                return client.post(path, data=body, headers=headers, timeout=60)

        return self.pool.submit(send)

    def waiting(self, count):
        """Waits until this many contributions have come to the open round."""
        until(lambda: self.client.status()["round"]["contributions"] == count, 30)

    def weights(self):
        return safetensors.numpy.load(self.client.get("/v1/weights").content)


@pytest.fixture
def rounds(start):
    """Starts a server of rounds with a model of two numbers, trained by plain descent at rate 1."""
    started = []

    def rounds(*arguments, model=None, config=None):
        trainers = Trainers(start(*SYNC, *arguments))
        started.append(trainers)
        optimizer = config or {"class_name": "SGD", "config": {"learning_rate": 1.0}}
        assert trainers.client.put("/v1/optimizer", json=optimizer).status_code == 200
        assert trainers.client.put("/v1/weights", data=encode(model or {"w": f32(0, 0)})).status_code == 201
        return trainers

    yield rounds
    for trainers in started:
        trainers.pool.shutdown(cancel_futures=True)
        trainers.client.close()


def test_all_trainers_get_the_same_receipt(rounds):
    trainers = rounds("--replicas", "3")
    answers = [trainers.push("a", {"w": f32(1, 0)}), trainers.push("b", {"w": f32(0, 2)})]
    trainers.waiting(2)
    assert trainers.client.status()["iterations"] == 0
    assert not any(answer.done() for answer in answers)
    answers.append(trainers.push("c", {"w": f32(2, 2)}))
    answers = [answer.result() for answer in answers]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len({answer.content for answer in answers}) == 1
    receipt = answers[0].json()
    assert (receipt["iterations"], receipt["staleness"], receipt["gradient_norm"]) == (1, 0, 5)
    assert receipt["etag"] == trainers.client.get("/v1/weights").headers["ETag"]
    numpy.testing.assert_array_equal(trainers.weights()["w"], f32(-3, -4))
    status = trainers.client.status()
    assert (status["iterations"], status["aggregation"], status["trainers"]) == (1, "sync", 3)
    assert status["round"] == {"replicas": 3, "contributions": 0}
    assert {trainer["id"]: trainer["pushes"] for trainer in trainers.client.get("/v1/trainers").json()} == {
        "a": 1,
        "b": 1,
        "c": 1,
    }


@pytest.mark.parametrize("missing", [["Trainer-Id"], ["Weights-Iteration"], ["Trainer-Id", "Weights-Iteration"]])
def test_a_push_without_name_or_base_is_400(rounds, missing):
    client = rounds("--replicas", "1").client
    headers = {"Trainer-Id": "a", "Weights-Iteration": "0"}
    for name in missing:
        del headers[name]
    document = problem(client.post("/v1/gradients", data=encode({"w": f32(1, 1)}), headers=headers), 400, "invalid-header")
    assert document["field"] == " and ".join(missing)
    assert all(name in document["detail"] for name in missing)


def test_the_bits_do_not_depend_on_who_comes_first(rounds):
    rng = numpy.random.default_rng(3)
    count = 600_000
    start = rng.standard_normal(count).astype("<f4")
    gradients = {name: rng.standard_normal(count).astype("<f4") * 10**index for index, name in enumerate("bZa-")}
    expected = start - sum((gradients[name] for name in sorted(gradients)[1:]), gradients[sorted(gradients)[0]])
    for order, threads in (("bZa-", 1), ("-aZb", 2), ("Zb-a", 2)):
        trainers = rounds("--replicas", "4", "--threads", str(threads), model={"w": start})
        answers = []
        for index, name in enumerate(order):
            answers.append(trainers.push(name, {"w": gradients[name]}))
            if index < 3:
                trainers.waiting(index + 1)
        assert len({answer.result().content for answer in answers}) == 1
        numpy.testing.assert_array_equal(trainers.weights()["w"], expected)


def test_the_mean_is_weighted_by_what_contributions_count(rounds):
    trainers = rounds("--replicas", "2", "--reduction", "mean")
    a, b = f32(0.1, 3), f32(0.7, -1)
    answers = [trainers.push("a", {"w": a}, Contribution_Weight="3"), trainers.push("b", {"w": b}, Contribution_Weight=0.3)]
    assert {answer.result().status_code for answer in answers} == {200}
    mean = (a * numpy.float32(3) + b * numpy.float32(0.3)) / numpy.float32(3.3)
    numpy.testing.assert_array_equal(trainers.weights()["w"], -mean)


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "1e300", "1e-300", "many", ""])
def test_a_weight_that_is_no_positive_number_is_400(rounds, weight):
    trainers = rounds("--replicas", "1", "--reduction", "mean")
    document = problem(trainers.push("a", {"w": f32(1, 1)}, Contribution_Weight=weight).result(), 400, "invalid-header")
    assert document["field"] == "Contribution-Weight"


def test_a_weight_in_a_sum_is_400(rounds, client):
    trainers = rounds("--replicas", "1")
    problem(trainers.push("a", {"w": f32(1, 1)}, Contribution_Weight=1).result(), 400, "invalid-header")
    problem(
        trainers.push("a", {"w": f32(1, 1)}, path="/v1/gradients?aggregate=false", Contribution_Weight=1).result(),
        400,
        "invalid-header",
    )
    client.put("/v1/weights", data=encode({"w": f32(0)}))
    response = client.post("/v1/gradients", data=encode({"w": f32(1)}), headers={"Contribution-Weight": "1"})
    problem(response, 400, "invalid-header")


def test_missing_sparse_and_untrained_variables(rounds):
    model = {
        "emb": numpy.zeros((4, 2), "<f4"),
        "w": f32(0, 0),
        "mean": f32(0),
        "steps": numpy.array(0, "<i8"),
    }
    client_model = encode(model, {"non_trainable": '["mean"]'})
    trainers = rounds("--replicas", "3", model={"unused": f32(0)})
    trainers.client.delete("/v1/weights")
    assert trainers.client.put("/v1/weights", data=client_model).status_code == 201

    def sparse(rows, *values):
        return {"emb/indices": numpy.array(rows, "<i8"), "emb/values": numpy.array(values, "<f4")}

    answers = [
        trainers.push("a", {"w": f32(1, 2), "mean": f32(3), "steps": numpy.array(1, "<i8")}),
        trainers.push("b", sparse([3, 0], [1, 1], [2, 2]) | {"mean": f32(5), "steps": numpy.array(2, "<i8")}),
        trainers.push("c", sparse([0], [4, 4]) | {"w": f32(10, 20)}),
    ]
    assert {answer.result().status_code for answer in answers} == {200}
    weights = trainers.weights()
    numpy.testing.assert_array_equal(weights["w"], f32(-11, -22))
    numpy.testing.assert_array_equal(weights["emb"], -numpy.array([[6, 6], [0, 0], [0, 0], [1, 1]], "<f4"))
    assert (weights["mean"], weights["steps"]) == (4, 2)
    # Once somebody sends the whole, rows are added to it.
    whole = numpy.full((4, 2), 100, "<f4")
    answers = [
        trainers.push("a", {"emb": whole}, base=1),
        trainers.push("b", sparse([1, 1], [1, 2], [3, 4]), base=1),
        trainers.push("c", {"w": f32(0, 0)}, base=1),
    ]
    assert {answer.result().status_code for answer in answers} == {200}
    expected = weights["emb"] - whole - numpy.array([[0, 0], [4, 6], [0, 0], [0, 0]], "<f4")
    numpy.testing.assert_array_equal(trainers.weights()["emb"], expected)


def test_a_base_that_is_behind_is_409_before_its_content_is_sent(rounds):
    trainers = rounds("--replicas", "1")
    assert trainers.push("a", {"w": f32(1, 1)}).result().status_code == 200
    document = problem(trainers.push("a", {"w": f32(1, 1)}).result(), 409, "stale-gradient")
    assert document["iterations"] == 1
    with Wire(trainers.server) as wire:
        wire.send(
            b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nWeights-Iteration: 0\r\nTrainer-Id: a\r\n"
            b"Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n"
        )
        assert wire.answer("POST", "/v1/gradients").status == 409
    problem(trainers.push("a", {"w": f32(1, 1)}, base=2).result(), 409, "iteration-ahead")


def test_a_second_push_takes_the_place_of_the_first(rounds):
    trainers = rounds("--replicas", "2")
    first = trainers.push("a", {"w": f32(100, 100)})
    trainers.waiting(1)
    second = trainers.push("a", {"w": f32(1, 1)})
    problem(first.result(), 409, "superseded")
    assert trainers.client.status()["round"]["contributions"] == 1
    assert trainers.push("b", {"w": f32(1, 1)}).result().status_code == 200
    assert second.result().status_code == 200
    numpy.testing.assert_array_equal(trainers.weights()["w"], f32(-2, -2))


def test_a_round_that_is_not_complete_in_time_is_503(rounds):
    trainers = rounds("--replicas", "3", "--sync-timeout", "0.3")
    before = trainers.client.get("/v1/weights").headers["ETag"]
    answers = [trainers.push(name, {"w": f32(1, 1)}) for name in "ab"]
    told = [problem(answer.result(), 503, "barrier-timeout") for answer in answers]
    assert all("of 3 trainers" in document["detail"] for document in told)
    assert trainers.client.get("/v1/weights").headers["ETag"] == before
    assert trainers.client.status()["round"]["contributions"] == 0


def test_the_least_number_of_trainers_closes_a_round_after_the_grace(rounds):
    trainers = rounds("--replicas", "4", "--min-replicas", "2", "--sync-grace", "0.2")
    one = trainers.push("a", {"w": f32(1, 1)})
    trainers.waiting(1)
    two = trainers.push("b", {"w": f32(1, 1)})
    assert {answer.result().json()["iterations"] for answer in (one, two)} == {1}
    numpy.testing.assert_array_equal(trainers.weights()["w"], f32(-2, -2))
    problem(trainers.push("c", {"w": f32(1, 1)}).result(), 409, "stale-gradient")


CHANGES = {
    "aggregate=false": lambda t: t.client.post("/v1/gradients?aggregate=false", data=encode({"w": f32(1, 1)})),
    "assign": lambda t: t.client.post("/v1/weights/averaged/assign"),
    "PUT weights": lambda t: t.client.put("/v1/weights", data=encode({"w": f32(5, 5)})),
    "DELETE weights": lambda t: t.client.delete("/v1/weights"),
    "PUT optimizer": lambda t: t.client.put("/v1/optimizer", json="sgd"),
    "PUT optimizer/weights": lambda t: t.client.put(
        "/v1/optimizer/weights", data=t.client.get("/v1/optimizer/weights").content
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_other_change_of_the_weights_aborts_the_round(rounds, change):
    trainers = rounds("--replicas", "2")
    # One round with a snapshot, so that there is an average.
    for answer in [trainers.push(name, {"w": f32(1, 1)}) for name in "ab"]:
        assert answer.result().json()["snapshot"]
    waiting = trainers.push("a", {"w": f32(1, 1)}, base=1)
    trainers.waiting(1)
    assert CHANGES[change](trainers).ok
    problem(waiting.result(), 409, "round-aborted")
    assert trainers.client.status()["round"]["contributions"] == 0


def test_a_change_of_the_learning_rate_aborts_nothing(rounds):
    trainers = rounds("--replicas", "2")
    waiting = trainers.push("a", {"w": f32(1, 1)})
    trainers.waiting(1)
    assert trainers.client.patch("/v1/optimizer", json={"learning_rate": 0.5}).ok
    assert trainers.push("b", {"w": f32(1, 1)}).result().json()["learning_rate"] == 0.5
    assert waiting.result().status_code == 200
    numpy.testing.assert_array_equal(trainers.weights()["w"], f32(-1, -1))


def test_aggregate_false_applies_at_once(rounds):
    trainers = rounds("--replicas", "5")
    response = trainers.client.post("/v1/gradients?aggregate=false", data=encode({"w": f32(1, 2)}))
    assert (response.status_code, response.json()["iterations"], response.json()["staleness"]) == (200, 1, None)
    numpy.testing.assert_array_equal(trainers.weights()["w"], f32(-1, -2))
    problem(
        trainers.client.post("/v1/gradients?aggregate=no", data=encode({"w": f32(1, 2)})), 400, "unknown-parameter"
    )


def test_without_rounds_aggregate_changes_nothing(client):
    client.put("/v1/weights", data=encode({"w": f32(0)}))
    for value in ("true", "false"):
        assert client.post(f"/v1/gradients?aggregate={value}", data=encode({"w": f32(1)})).status_code == 200
    assert client.status()["round"] is None
    assert client.status()["aggregation"] == "async"


def test_a_dry_run_does_not_wait(rounds):
    trainers = rounds("--replicas", "2")
    response = trainers.push("a", {"w": f32(3, 4)}, path="/v1/gradients?dry_run=true").result()
    assert (response.status_code, response.json()["gradient_norm"]) == (200, 5)
    assert trainers.client.status()["round"]["contributions"] == 0
    problem(trainers.push("a", {"w": f32(1, 1)}, base=3, path="/v1/gradients?dry_run=true").result(), 409, "iteration-ahead")


def test_each_trainer_gets_the_answer_that_it_prefers(rounds):
    trainers = rounds("--replicas", "4")
    answers = [
        trainers.push("a", {"w": f32(1, 1)}),
        trainers.push("b", {"w": f32(1, 1)}, Prefer="return=minimal"),
        trainers.push("c", {"w": f32(1, 1)}, Prefer="return=representation"),
        trainers.push("d", {"w": f32(1, 1)}, Prefer="return=representation", Accept="application/json"),
    ]
    receipt, minimal, binary, text = [answer.result() for answer in answers]
    assert receipt.json()["iterations"] == 1
    assert minimal.status_code == 204
    assert binary.content == trainers.client.get("/v1/weights").content
    assert text.json()["variables"] == {"w": [-4, -4]}
    assert {answer.headers["Weights-Iteration"] for answer in (receipt, minimal, binary, text)} == {"1"}


def test_if_match_and_epoch_are_judged_for_rounds_too(rounds):
    trainers = rounds("--replicas", "1")
    tag = trainers.client.get("/v1/weights").headers["ETag"]
    problem(trainers.push("a", {"w": f32(1, 1)}, If_Match='"x-w1"').result(), 412, "precondition-failed")
    problem(trainers.push("a", {"w": f32(1, 1)}, Model_Epoch="x").result(), 409, "model-epoch-mismatch")
    assert trainers.push("a", {"w": f32(1, 1)}, If_Match=tag).result().status_code == 200


def test_a_sum_that_overflows_is_422_for_all(rounds):
    trainers = rounds("--replicas", "2")
    answers = [trainers.push(name, {"w": f32(3e38, 0)}) for name in "ab"]
    assert {problem(answer.result(), 422, "non-finite-gradient")["variable"] for answer in answers} == {"w"}
    assert trainers.client.status()["iterations"] == 0


def test_a_contribution_outlives_its_connection(rounds):
    trainers = rounds("--replicas", "2")
    with send_raw(trainers, "a", {"w": f32(1, 1)}):
        trainers.waiting(1)
    receipt = trainers.push("b", {"w": f32(2, 2)}).result().json()
    assert receipt["iterations"] == 1
    numpy.testing.assert_array_equal(trainers.weights()["w"], f32(-3, -3))


def send_raw(trainers, trainer, gradients, *fields, base=0):
    """A push on a connection that the test may close."""
    body = encode(gradients)
    wire = Wire(trainers.server)
    lines = ["POST /v1/gradients HTTP/1.1", "Host: localhost", f"Trainer-Id: {trainer}", f"Weights-Iteration: {base}"]
    wire.send("\r\n".join([*lines, *fields, f"Content-Length: {len(body)}", "", ""]).encode() + body)
    return wire


def test_a_push_that_comes_again_under_its_key_joins_its_first(rounds):
    trainers = rounds("--replicas", "2")
    gradient = {"w": f32(1, 1)}
    with send_raw(trainers, "a", gradient, "Idempotency-Key: k"):
        trainers.waiting(1)
    # The first one's connection is gone, the second one's is not.
    second = trainers.push("a", gradient, Idempotency_Key="k")
    third = trainers.push("a", gradient, Idempotency_Key="k", Prefer="return=representation")
    assert not second.done()
    problem(trainers.push("a", {"w": f32(2, 2)}, Idempotency_Key="k").result(), 422, "idempotency-mismatch")
    assert trainers.client.status()["round"]["contributions"] == 1
    last = trainers.push("b", gradient).result()
    assert last.status_code == 200
    assert "Idempotent-Replayed" not in last.headers
    assert second.result().content == last.content
    assert second.result().headers["Idempotent-Replayed"] == "true"
    assert third.result().content == trainers.client.get("/v1/weights").content
    numpy.testing.assert_array_equal(trainers.weights()["w"], f32(-2, -2))
    # And once the round is over it is told the same.
    again = trainers.push("a", gradient, Idempotency_Key="k").result()
    assert again.content == last.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert trainers.client.status()["iterations"] == 1
    problem(trainers.push("a", {"w": f32(2, 2)}, Idempotency_Key="k").result(), 422, "idempotency-mismatch")
    problem(trainers.push("a", gradient, Idempotency_Key="k2").result(), 409, "stale-gradient")


def test_shutting_down_tells_those_who_wait(rounds):
    trainers = rounds("--replicas", "3")
    answers = [trainers.push(name, {"w": f32(1, 1)}) for name in "ab"]
    trainers.waiting(2)
    trainers.server.terminate()
    for answer in answers:
        problem(answer.result(), 503, "busy")
    assert trainers.server.process.wait(timeout=30) == 0


def test_many_waiting_contributions_hold_no_worker(rounds):
    trainers = rounds("--replicas", "40", "--max-workers", "2", model={"w": numpy.zeros(100_000, "<f4")})
    answers = [trainers.push(f"t{index}", {"w": numpy.ones(100_000, "<f4")}) for index in range(39)]
    trainers.waiting(39)
    # Two workers are there for this all the same.
    assert trainers.weights()["w"].sum() == 0
    answers.append(trainers.push("last", {"w": numpy.ones(100_000, "<f4")}))
    assert {answer.result().json()["iterations"] for answer in answers} == {1}
    assert set(trainers.weights()["w"]) == {numpy.float32(-40)}


def test_rounds_that_take_more_than_the_budget_are_refused(rounds, start, tmp_path):
    client = Client(start(*SYNC, "--replicas", "3", "--max-inflight-bytes", "1 MiB"))
    body = encode({"w": numpy.zeros(100_000, "<f4")})
    document = problem(client.put("/v1/weights", data=body), 422, "too-large")
    assert "3 replicas" in document["detail"] and "400000 bytes" in document["detail"]
    problem(client.put("/v1/weights", json={"variables": {"w": [0] * 100_000}}), 422, "too-large")
    assert client.put("/v1/weights", data=encode({"w": numpy.zeros(80_000, "<f4")})).status_code == 201
    client.close()
    file = tmp_path / "model.safetensors"
    file.write_bytes(body)
    arguments = [*SYNC, "--replicas", "3", "--max-inflight-bytes", "1 MiB", "--weights", str(file)]
    done = subprocess.run([EXECUTABLE, "serve", *arguments], capture_output=True, env=environment(), timeout=30)
    assert done.returncode == 64
    assert b"--max-inflight-bytes" in done.stderr


def test_a_contribution_whose_connection_is_lost_counts_in_the_budget_until_its_round_is_over(rounds):
    """And the last one has room beside those that wait for it, though their files are a little more than the model."""
    size = 1 << 20
    trainers = rounds("--replicas", "3", "--max-inflight-bytes", str(3 * size), model={"w": numpy.zeros(size // 4, "<f4")})
    gradient = {"w": numpy.ones(size // 4, "<f4")}
    for count, name in enumerate("ab", 1):
        with send_raw(trainers, name, gradient) as wire:
            trainers.waiting(count)
            # Closes by a reset, which the server notices.
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    body = encode(gradient)
    def two_halves(base):
        wires = []
        for name in "xy":
            fields = [f"Trainer-Id: {name}", f"Weights-Iteration: {base}", f"Content-Length: {len(body)}", "", ""]
            wires.append(Wire(trainers.server))
            head = "\r\n".join(["POST /v1/gradients?dry_run=true HTTP/1.1", "Host: localhost", *fields])
            wires[-1].send(head.encode() + body[: size // 2 + 4096])
        return wires

    # Two whole bodies and two halves are more than three models.
    wires = two_halves(0)
    answered, _, _ = select.select([wire.socket for wire in wires], [], [], 20)
    assert [wire.answer("POST", "/v1/gradients").status for wire in wires if wire.socket in answered] == [503]
    for wire in wires:
        wire.socket.close()
    assert trainers.push("c", gradient).result().status_code == 200
    for wire in two_halves(1):
        wire.send(body[size // 2 + 4096 :])
        assert wire.answer("POST", "/v1/gradients").status == 200
        wire.socket.close()


@pytest.mark.parametrize(
    "arguments, said",
    [
        ([*SYNC], "needs --replicas"),
        (["--replicas", "3"], "goes with --aggregation sync"),
        (["--min-replicas", "3"], "goes with --aggregation sync"),
        (["--sync-grace", "3"], "goes with --aggregation sync"),
        (["--reduction", "mean"], "goes with --aggregation sync"),
        ([*SYNC, "--replicas", "0"], "whole number from 1"),
        ([*SYNC, "--replicas", "3", "--min-replicas", "2"], "go together"),
        ([*SYNC, "--replicas", "3", "--sync-grace", "2"], "go together"),
        ([*SYNC, "--replicas", "3", "--min-replicas", "4", "--sync-grace", "2"], "is more than --replicas"),
        ([*SYNC, "--replicas", "3", "--staleness-policy", "scale"], "goes with --aggregation async"),
        ([*SYNC, "--replicas", "3", "--reduction", "max"], "--reduction"),
        ([*SYNC, "--replicas", "3", "--sync-timeout", "0"], "seconds from"),
    ],
)
def test_options_that_make_no_sense_are_refused(arguments, said):
    done = subprocess.run([EXECUTABLE, "serve", *arguments], capture_output=True, env=environment(), timeout=30)
    assert done.returncode == 64
    assert said in done.stderr.decode()
