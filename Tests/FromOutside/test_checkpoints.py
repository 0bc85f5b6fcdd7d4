"""Checkpoints over HTTP: written, listed, downloaded, gone back to; and servers that start from one."""

import subprocess

import numpy
import pytest
import safetensors.numpy

from server import EXECUTABLE, environment, problem, ready
from tensors import encode, f32, metadata
from wire import Wire, until

OPTIMIZER = {"class_name": "SWA", "config": {"average_period": 2, "optimizer": {"class_name": "Adam", "config": {}}}}


def push(client, value, **headers):
    headers = {name.replace("_", "-"): field for name, field in headers.items()}
    response = client.post("/v1/gradients", data=encode({"w": f32(value, -value), "b": f32(value)}), headers=headers)
    assert response.status_code == 200, response.text
    return response


def train(client, count=5):
    client.put("/v1/optimizer", json=OPTIMIZER)
    client.put("/v1/weights", data=encode({"w": f32(1, 2), "b": f32(3)}))
    for step in range(count):
        push(client, step + 0.5)


def tensors(client, path):
    return {name: t.tobytes() for name, t in safetensors.numpy.load(client.get(path).content).items()}


def state(client):
    paths = ("/v1/weights", "/v1/weights/averaged", "/v1/optimizer/weights")
    status = client.status()
    counters = [status[key] for key in ("iterations", "snapshots", "next_snapshot_at", "learning_rate")]
    return [tensors(client, path) for path in paths] + [counters, client.get("/v1/optimizer").json()]


@pytest.fixture(params=["checkpoint", "journal"])
def kept_options(tmp_path, request):
    return ["--data-dir", tmp_path / "data", "--durability", request.param, "--keep-checkpoints", "3"]


@pytest.fixture
def kept(start, kept_options):
    with ready(start(*kept_options)) as client:
        yield client


def test_a_checkpoint_is_written_listed_and_downloaded(kept):
    train(kept)
    written = kept.post("/v1/checkpoints")
    assert written.status_code == 201
    checkpoint = written.json()
    assert checkpoint["iterations"] == 5
    assert written.headers["Location"] == f"/v1/checkpoints/{checkpoint['id']}"
    assert kept.get("/v1/checkpoints").json()[-1] == checkpoint == kept.status()["last_checkpoint"]
    answer = kept.get(written.headers["Location"])
    assert answer.status_code == 200
    assert len(answer.content) == checkpoint["bytes"]
    assert f"checkpoint-{checkpoint['id']}.safetensors" in answer.headers["Content-Disposition"]
    saved = safetensors.numpy.load(answer.content)
    assert set(saved) == {f"{kind}/{name}" for kind in ("variables", "slots/m", "slots/v", "average") for name in "wb"}
    for name, value in tensors(kept, "/v1/weights").items():
        assert saved[f"variables/{name}"].tobytes() == value
    for name, value in tensors(kept, "/v1/weights/averaged").items():
        assert saved[f"average/{name}"].tobytes() == value
    assert metadata(answer.content)["model_epoch"] == kept.status()["model_epoch"]
    head = kept.head(written.headers["Location"])
    assert head.headers["Content-Length"] == str(checkpoint["bytes"])


def test_nothing_new_is_no_new_checkpoint(kept):
    train(kept)
    first = kept.post("/v1/checkpoints").json()
    assert kept.post("/v1/checkpoints").json() == first
    push(kept, 1)
    assert kept.post("/v1/checkpoints").json()["id"] > first["id"]


def test_the_oldest_is_removed(kept):
    train(kept)
    ids = []
    for _ in range(5):
        push(kept, 1)
        ids.append(kept.post("/v1/checkpoints").json()["id"])
    assert [checkpoint["id"] for checkpoint in kept.get("/v1/checkpoints").json()] == ids[-3:]
    problem(kept.get(f"/v1/checkpoints/{ids[0]}"), 404, "no-checkpoint")


def test_restoring_goes_back_in_a_new_epoch(kept):
    train(kept)
    before, epoch = state(kept), kept.status()["model_epoch"]
    checkpoint = kept.post("/v1/checkpoints").json()
    first = push(kept, 7, Idempotency_Key="a")
    kept.patch("/v1/optimizer", json={"learning_rate": 0.5})
    path = f"/v1/checkpoints/{checkpoint['id']}/restore"
    changed = state(kept)
    problem(kept.post(path, headers={"If-Match": '"zzz"'}), 412, "precondition-failed")
    assert state(kept) == changed
    restored = kept.post(path, headers={"If-Match": kept.get("/v1/weights").headers["ETag"]})
    assert restored.status_code == 200
    assert restored.json() == {"id": checkpoint["id"], "iterations": 5}
    assert state(kept) == before
    assert restored.headers["Model-Epoch"] == kept.status()["model_epoch"] != epoch
    refused = kept.post(
        "/v1/gradients", data=encode({"w": f32(1, 1)}), headers={"Model-Epoch": first.headers["Model-Epoch"]}
    )
    problem(refused, 409, "model-epoch-mismatch")
    assert "Idempotent-Replayed" not in push(kept, 7, Idempotency_Key="a").headers


def test_restoring_brings_back_a_model_that_was_dropped(kept):
    train(kept)
    before = state(kept)
    checkpoint = kept.post("/v1/checkpoints").json()
    kept.delete("/v1/weights")
    kept.put("/v1/weights", data=encode({"other": f32(1)}))
    kept.post(f"/v1/checkpoints/{checkpoint['id']}/restore")
    assert state(kept) == before


def test_a_model_whose_rounds_take_too_much_memory_does_not_come_back(start, tmp_path):
    data = ("--data-dir", tmp_path / "data")
    with ready(server := start(*data)) as client:
        client.put("/v1/weights", data=encode({"w": numpy.zeros(100_000, "<f4")}))
        name = client.post("/v1/checkpoints").json()["id"]
        client.delete("/v1/weights")
        client.put("/v1/weights", data=encode({"w": f32(1, 2)}))
    server.stop()
    options = ("--aggregation", "sync", "--replicas", "3", "--max-inflight-bytes")
    with ready(server := start(*data, *options, "1 MiB")) as client:
        before = client.state()
        refused = client.post(f"/v1/checkpoints/{name}/restore")
        assert "3 replicas" in problem(refused, 422, "too-large")["detail"]
        assert client.state() == before
    server.stop()
    with ready(start(*data, *options, "2 MiB")) as client:
        assert client.post(f"/v1/checkpoints/{name}/restore").status_code == 200


@pytest.mark.parametrize(
    "name", ["7", "x" * 64, "x" * 1000, "..", "%2e%2e", "..%2Flock", "%2Fetc%2Fpasswd", "lock", "a%00b", "UPPER"]
)
def test_an_id_that_is_in_no_list_is_404(kept, name):
    train(kept, 1)
    before = state(kept)
    for method, path in (("GET", f"/v1/checkpoints/{name}"), ("POST", f"/v1/checkpoints/{name}/restore")):
        with Wire(kept.server) as wire:
            wire.send(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
            answer = wire.answer(method, None)
        assert answer.status in (400, 404, 405), answer.content
        assert b"root:" not in answer.content
    assert state(kept) == before


def test_without_a_data_directory(client):
    assert client.get("/v1/checkpoints").json() == []
    problem(client.post("/v1/checkpoints"), 409, "no-data-dir")
    problem(client.get("/v1/checkpoints/1"), 409, "no-data-dir")
    problem(client.post("/v1/checkpoints/1/restore"), 409, "no-data-dir")


def test_a_large_checkpoint_is_downloaded_whole(kept):
    w = numpy.random.default_rng(5).standard_normal(1_500_000).astype("<f4")
    kept.put("/v1/weights", data=encode({"w": w}))
    checkpoint = kept.post("/v1/checkpoints").json()
    content = kept.get(f"/v1/checkpoints/{checkpoint['id']}").content
    numpy.testing.assert_array_equal(safetensors.numpy.load(content)["variables/w"], w)


def test_a_server_starts_from_a_downloaded_checkpoint(kept, start, tmp_path):
    train(kept)
    before, epoch = state(kept), kept.status()["model_epoch"]
    file = tmp_path / "downloaded"
    file.write_bytes(kept.get(kept.post("/v1/checkpoints").headers["Location"]).content)
    push(kept, 1)
    for arguments in ([], ["--data-dir", tmp_path / "another"]):
        with ready(start("--checkpoint", file, *arguments)) as client:
            assert state(client) == before
            assert client.status()["model_epoch"] != epoch
            push(client, 1)
            assert state(client) == state(kept)


def test_a_state_in_the_data_directory_wins_over_a_checkpoint(start, tmp_path):
    arguments = ["--data-dir", tmp_path / "data", "--durability", "journal"]
    server = start(*arguments)
    with ready(server) as client:
        train(client, 3)
        file = tmp_path / "downloaded"
        file.write_bytes(client.get(client.post("/v1/checkpoints").headers["Location"]).content)
        push(client, 1)
        kept_state, epoch = state(client), client.status()["model_epoch"]
    server.stop()
    again = start(*arguments, "--checkpoint", file)
    with ready(again) as client:
        assert state(client) == kept_state
        assert client.status()["model_epoch"] == epoch
    assert f"ignored --checkpoint {file}" in again.log.read_text()


def refused(*arguments):
    done = subprocess.run(
        [EXECUTABLE, "serve", "--port", "0", *arguments], capture_output=True, text=True, timeout=30, env=environment()
    )
    return done.returncode, done.stderr


def test_a_file_that_is_no_checkpoint_is_refused_by_name(tmp_path):
    file = tmp_path / "weights.safetensors"
    file.write_bytes(encode({"w": f32(1)}))
    status, text = refused("--checkpoint", file)
    assert status == 64 and str(file) in text
    status, text = refused("--checkpoint", tmp_path / "missing")
    assert status == 74 and "missing" in text
    status, text = refused("--checkpoint", file, "--weights", file)
    assert status == 64 and "--weights" in text


def test_names_that_only_their_bytes_tell_apart_come_back(start, kept_options):
    # Equal, or joined to what stands before or behind them, for whoever compares characters instead of bytes.
    names = ["\u00e9", "e\u0301", "\u212b", "\u00c5", "\u0301x", "\u200dx", "\ufe0f", "\u0600", "x" * 512]
    values = {name: f32(index, -index) for index, name in enumerate(names)}
    server = start(*kept_options)
    with ready(server) as client:
        assert client.put("/v1/optimizer", json=OPTIMIZER).status_code == 200
        assert client.put("/v1/weights", data=encode(values)).status_code == 201
        assert client.post("/v1/gradients", data=encode(values)).status_code == 200
        for name in names:
            rows = {name + "/indices": numpy.array([1]), name + "/values": f32(1)}
            assert client.post("/v1/gradients", data=encode(rows)).status_code == 200, name
        before = state(client)
        written = client.post("/v1/checkpoints").headers["Location"]
        client.post("/v1/gradients", data=encode(values))
        assert client.post(written + "/restore").status_code == 200
        assert state(client) == before
        weights = client.get("/v1/optimizer/weights")
        assert client.put("/v1/optimizer/weights", data=weights.content).status_code == 200
        assert tensors(client, "/v1/optimizer/weights") == before[2]
    server.stop()
    with ready(start(*kept_options)) as client:
        assert state(client) == before
