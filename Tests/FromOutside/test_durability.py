"""What a data directory keeps across stops, kills and full disks."""

import json
import os
import re
import resource
import signal
import subprocess
import time

import numpy
import pytest
import requests
from safetensors import safe_open
from safetensors.numpy import load, save

from server import EXECUTABLE, Client, Server, environment, problem

MODES = ["checkpoint", "journal"]


class Kept:
    """Servers one after the other on one data directory."""

    def __init__(self, directory):
        self.directory = directory
        self.data = directory / "data"
        self.server = None

    def start(self, mode, *arguments):
        self.server = Server(self.directory, "--data-dir", self.data, "--durability", mode, *arguments)
        client = Client(self.server)
        deadline = time.monotonic() + 60
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < deadline, "it did not become ready"
            time.sleep(0.01)
        return client

    def stop(self):
        self.server.stop()
        self.server = None

    def kill(self):
        self.server.process.kill()
        self.server.process.wait()
        self.server = None

    @property
    def log(self):
        return (self.directory / "server.log").read_text()


@pytest.fixture
def kept(tmp_path):
    kept = Kept(tmp_path)
    yield kept
    if kept.server is not None:
        kept.kill()


def train(client, steps=5):
    """Creates a model, and takes some steps and averages."""
    tensors = {"w": numpy.arange(6, dtype=numpy.float32).reshape(2, 3), "b": numpy.ones(2, numpy.float16)}
    assert client.put("/v1/weights", data=save(tensors)).status_code == 201
    assert client.patch("/v1/optimizer", json={"average_period": 2, "optimizer": {"config": {"momentum": 0.9}}}).ok
    for step in range(steps):
        gradient = {"w": numpy.full((2, 3), step + 0.5, numpy.float32), "b": numpy.full(2, 0.25, numpy.float32)}
        assert client.post("/v1/gradients", data=save(gradient)).ok


def state(client):
    """All that a client can see of the model, without what is another run's."""
    status = client.status()
    kept = ("iterations", "snapshots", "next_snapshot_at", "learning_rate", "model_epoch")
    return (
        client.get("/v1/weights").content,
        client.get("/v1/weights").headers["ETag"],
        client.get("/v1/weights/averaged").content,
        client.get("/v1/weights/averaged").headers["ETag"],
        client.get("/v1/optimizer/weights").content,
        client.get("/v1/optimizer").json(),
        [status[key] for key in kept],
    )


@pytest.mark.parametrize("mode", MODES)
def test_a_stopped_server_goes_on_where_it_was(kept, mode):
    client = kept.start(mode)
    train(client)
    before = state(client)
    kept.stop()
    client = kept.start(mode)
    assert state(client) == before
    assert "resumed at iteration 5" in kept.log
    assert client.status()["durability"] == mode
    assert client.status()["last_checkpoint"]["iterations"] == 5


def test_a_killed_server_with_a_journal_has_everything(kept):
    client = kept.start("journal")
    train(client)
    before = state(client)
    kept.kill()
    client = kept.start("journal")
    assert state(client) == before
    assert client.post("/v1/gradients", json={"gradients": {"b": [1, 1]}}).json()["iterations"] == 6


def test_a_killed_server_with_checkpoints_goes_back_in_a_new_epoch(kept):
    client = kept.start("checkpoint", "--checkpoint-every", "3")
    train(client, steps=4)
    epoch = client.status()["model_epoch"]
    deadline = time.monotonic() + 30
    while (client.status()["last_checkpoint"] or {}).get("iterations") != 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    kept.kill()
    client = kept.start("checkpoint")
    status = client.status()
    assert status["iterations"] == 3
    assert status["model_epoch"] != epoch
    assert "new epoch" in kept.log
    push = {"gradients": {"b": [1, 1]}}
    refused = client.post("/v1/gradients", json=push, headers={"Model-Epoch": epoch})
    problem(refused, 409, "model-epoch-mismatch")


def test_what_is_kept_wins_over_the_files_of_the_command_line(kept, tmp_path):
    weights = tmp_path / "first.safetensors"
    weights.write_bytes(save({"w": numpy.ones(3, numpy.float32)}))
    optimizer = tmp_path / "optimizer.json"
    optimizer.write_text('{"class_name": "Adam", "config": {}}')
    arguments = ("--weights", weights, "--optimizer", optimizer)
    client = kept.start("journal", *arguments)
    assert client.post("/v1/gradients", json={"gradients": {"w": [1, 2, 3]}}).ok
    before = state(client)
    kept.kill()
    # They are not even read.
    weights.unlink()
    client = kept.start("journal", *arguments)
    assert state(client) == before
    [line] = [line for line in kept.log.splitlines() if "ignored" in line]
    assert "resumed at iteration 1" in line and "--weights" in line and "--optimizer" in line


def test_while_it_recovers_it_answers_503_and_is_alive(kept):
    client = kept.start("journal")
    train(client)
    kept.stop()
    # Opening a pipe waits for somebody to write to it, so the server stays in its recovery.
    pipe = kept.data / "journal-0000000000009999"
    os.mkfifo(pipe)
    kept.server = Server(kept.directory, "--data-dir", kept.data, "--durability", "journal")
    kept.server.exit_status = 74
    client = Client(kept.server)
    assert client.get("/healthz").status_code == 200
    for method, path in [
        ("GET", "/readyz"), ("GET", "/v1/status"), ("GET", "/v1/weights"), ("POST", "/v1/gradients"),
        ("GET", "/openapi.yaml"),
    ]:
        response = client.request(method, path)
        problem(response, 503, "recovering")
        assert "Retry-After" in response.headers
    # A pipe is no journal.
    os.close(os.open(pipe, os.O_WRONLY))
    assert kept.server.process.wait(timeout=30) == 74
    assert pipe.name in kept.log
    pipe.unlink()
    assert kept.start("journal").status()["iterations"] == 5


def test_a_stop_while_it_recovers_is_obeyed_at_once(kept):
    train(kept.start("journal"))
    kept.stop()
    pipe = kept.data / "journal-0000000000009999"
    os.mkfifo(pipe)
    kept.server = Server(kept.directory, "--data-dir", kept.data, "--durability", "journal")
    kept.server.terminate()
    assert kept.server.process.wait(timeout=10) == 0
    pipe.unlink()
    assert kept.start("journal").status()["iterations"] == 5


def test_crashes_leave_no_more_checkpoints_than_are_kept(kept):
    train(kept.start("checkpoint", "--keep-checkpoints", "2"))
    kept.stop()
    for _ in range(4):
        client = kept.start("checkpoint", "--keep-checkpoints", "2")
        assert client.status()["iterations"] == 5
        kept.kill()
    assert len(list(kept.data.glob("checkpoint-*"))) <= 2


def test_a_crash_does_not_undo_a_restore(kept):
    client = kept.start("checkpoint")
    train(client, steps=2)
    good = client.post("/v1/checkpoints").json()["id"]
    weights = client.get("/v1/weights").content
    train_on = {"gradients": {"b": [100, 100]}}
    assert client.post("/v1/gradients", json=train_on).ok
    assert client.post("/v1/checkpoints").ok
    last = client.get("/v1/checkpoints").json()[-1]
    assert client.post(f"/v1/checkpoints/{good}/restore").ok
    deadline = time.monotonic() + 30
    while client.get("/v1/checkpoints").json()[-1] == last:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    kept.kill()
    client = kept.start("checkpoint")
    assert client.status()["iterations"] == 2
    assert load(client.get("/v1/weights").content)["b"].tobytes() == load(weights)["b"].tobytes()


def test_a_second_server_is_69_and_hears_who_has_the_directory(kept):
    kept.start("journal")
    second = subprocess.run(
        [EXECUTABLE, "serve", "--port", "0", "--data-dir", kept.data], capture_output=True, text=True, timeout=30,
        env=environment(),
    )
    assert second.returncode == 69
    assert str(kept.server.process.pid) in second.stderr
    (kept.data / "lock").unlink()
    third = subprocess.run(second.args, capture_output=True, text=True, timeout=30, env=environment())
    assert third.returncode == 69 and "in use" in third.stderr
    kept.kill()
    kept.start("journal")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--durability", "journal"],
        ["--durability", "checkpoint"],
        ["--durability", "none", "--data-dir", "data"],
        ["--checkpoint-every", "5"],
        ["--journal-max-bytes", "5", "--data-dir", "data"],
    ],
)
def test_options_that_do_not_go_together_are_64(tmp_path, arguments):
    run = subprocess.run(
        [EXECUTABLE, "serve", "--port", "0", *arguments], capture_output=True, text=True, timeout=30, cwd=tmp_path,
        env=environment(),
    )
    assert run.returncode == 64, run.stderr
    assert not (tmp_path / "data").exists()


def test_a_checkpoint_opens_in_python_with_readable_names(kept):
    client = kept.start("checkpoint")
    train(client)
    weights = load(client.get("/v1/weights").content)
    average = load(client.get("/v1/weights/averaged").content)
    kept.stop()
    newest = max(kept.data.glob("checkpoint-*.safetensors"))
    with safe_open(newest, framework="numpy") as file:
        assert set(file.keys()) == {
            "variables/w", "variables/b", "slots/momentum/w", "slots/momentum/b", "average/w", "average/b",
        }
        for name, values in weights.items():
            numpy.testing.assert_array_equal(file.get_tensor(f"variables/{name}"), values)
        for name, values in average.items():
            numpy.testing.assert_array_equal(file.get_tensor(f"average/{name}"), values)
        metadata = file.metadata()
    assert metadata["kind"] == "checkpoint" and metadata["checkpoint_version"] == "1"
    assert metadata["iteration"] == "5"
    assert json.loads(metadata["optimizer"])["config"]["average_period"] == 2


def test_a_damaged_newest_checkpoint_is_set_aside_and_nothing_is_lost(kept):
    client = kept.start("journal", "--checkpoint-every", "2", "--checkpoint-interval", "1000")
    train(client, steps=7)
    before = state(client)
    deadline = time.monotonic() + 30
    while len(list(kept.data.glob("checkpoint-*.safetensors"))) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    kept.kill()
    newest = max(kept.data.glob("checkpoint-*.safetensors"))
    content = bytearray(newest.read_bytes())
    content[-3] ^= 1
    newest.write_bytes(content)
    client = kept.start("journal")
    assert state(client) == before
    assert "set aside" in kept.log
    assert newest.with_name(newest.name + ".damaged").exists()


def test_a_torn_tail_is_cut_and_said_so_and_a_damaged_record_is_74(kept):
    client = kept.start("journal")
    train(client)
    before = state(client)
    kept.kill()
    [journal] = kept.data.glob("journal-*")
    whole = journal.read_bytes().rstrip(b"\0")
    journal.write_bytes(whole + b"SWAR torn")
    client = kept.start("journal")
    assert state(client) == before
    assert "cut at byte" in kept.log
    kept.kill()

    journal = min(kept.data.glob("journal-*"))
    content = bytearray(journal.read_bytes())
    content[300] ^= 1
    journal.write_bytes(content)
    files = {path.name: path.read_bytes() for path in kept.data.iterdir() if path.name != "lock"}
    run = subprocess.run(
        [EXECUTABLE, "serve", "--port", "0", "--data-dir", kept.data, "--durability", "journal"], capture_output=True,
        text=True, timeout=30, env=environment(),
    )
    assert run.returncode == 74
    assert journal.name in run.stderr and re.search(r"byte \d+", run.stderr), run.stderr
    assert {path.name: path.read_bytes() for path in kept.data.iterdir() if path.name != "lock"} == files


def test_a_newer_format_is_refused_clearly(kept):
    client = kept.start("checkpoint")
    train(client)
    kept.stop()
    newest = max(kept.data.glob("checkpoint-*.safetensors"))
    newest.write_bytes(with_version(newest.read_bytes(), b"2"))
    run = subprocess.run(
        [EXECUTABLE, "serve", "--port", "0", "--data-dir", kept.data], capture_output=True, text=True, timeout=30,
        env=environment(),
    )
    assert run.returncode == 74
    assert "format version 2" in run.stderr and "newer version" in run.stderr


def with_version(content, version):
    """A checkpoint of another format version, with the checksum that it then has."""
    content = bytearray(content.replace(b'"checkpoint_version":"1"', b'"checkpoint_version":"%s"' % version))
    at = content.index(b'"crc32c":"') + len(b'"crc32c":"')
    content[at : at + 8] = b"0" * 8
    content[at : at + 8] = b"%08x" % crc32c(content)
    return bytes(content)


def crc32c(content):
    """RFC 3720's checksum, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_a_full_disk_is_507_until_there_is_room(kept):
    """The limit of a file's size stands for a full disk: a process may lower and raise its own."""
    client = kept.start("journal")
    value = numpy.zeros(1 << 20, numpy.float32)
    assert client.put("/v1/weights", data=save({"w": value})).status_code == 201
    gradient = save({"w": value + 1})
    assert client.post("/v1/gradients", data=gradient).ok
    before = client.get("/v1/weights").content
    pid = kept.server.process.pid
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
    problem(client.post("/v1/gradients", data=gradient), 507, "full-disk")
    problem(client.post("/v1/gradients", data=gradient), 507, "full-disk")
    assert client.get("/v1/weights").content == before
    assert client.status()["iterations"] == 1
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert client.post("/v1/gradients", data=gradient).json()["iterations"] == 2
    before = client.get("/v1/weights").content
    kept.kill()
    client = kept.start("journal")
    assert client.get("/v1/weights").content == before


def test_a_stop_saves_and_the_journal_is_pruned(kept):
    client = kept.start("journal", "--keep-checkpoints", "1")
    train(client)
    kept.stop()
    assert len(list(kept.data.glob("checkpoint-*.safetensors"))) == 1
    client = kept.start("journal", "--keep-checkpoints", "1")
    assert client.status()["iterations"] == 5
    assert client.post("/v1/gradients", json={"gradients": {"b": [1, 1]}}).ok
    kept.stop()
    assert len(list(kept.data.glob("journal-*"))) <= 1
