"""README.md's examples, run as they stand there."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
import safetensors.numpy

from server import EXECUTABLE, SPECIFICATION, TOP, Client, environment, ready

README = (TOP / "README.md").read_text()


def blocks(fence):
    """The fenced blocks that begin with ```fence."""
    return re.findall(rf"^```{re.escape(fence)}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def at(text, server):
    """An example with the address of this server."""
    return text.replace("localhost:8080", f"localhost:{server.port}")


def commands():
    """The curl commands of the examples, as lists of words."""
    for fence in ("sh curl", "sh checkpoints", "sh many", "sh diloco"):
        for command in re.split(r"^(?=curl )", "".join(blocks(fence)), flags=re.MULTILINE):
            if command.startswith("curl "):
                yield shlex.split(command)


def test_the_curl_examples_work_in_their_order(server, tmp_path):
    script = "\n".join(at(block, server) for block in blocks("sh curl"))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_checkpoint_examples_work(start, tmp_path):
    server = start("--data-dir", str(tmp_path / "data"))
    with ready(server) as client:
        client.put("/v1/weights", json={"variables": {"w": [1, 2]}})
        name = client.post("/v1/checkpoints").json()["id"]
    (block,) = blocks("sh checkpoints")
    (shown,) = set(re.findall(r"(?<=/checkpoints/)\w+", block))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", at(block, server).replace(shown, name)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "variables/w" in safetensors.numpy.load_file(tmp_path / "checkpoint.safetensors")


def test_every_curl_example_fails_when_the_server_refuses():
    assert len(list(commands())) > 15
    for words in commands():
        assert any(re.fullmatch(r"-[A-Za-z]*f[A-Za-z]*", word) for word in words), words


def test_there_is_a_curl_example_for_each_operation():
    shown = set()
    for words in commands():
        method = "GET"
        for word, following in zip(words, words[1:]):
            if word == "--json" and method == "GET":
                method = "POST"
            elif re.fullmatch(r"-[A-Za-z]*X", word):
                method = following
            elif re.fullmatch(r"-[A-Za-z]*T", word) and method == "GET":
                method = "PUT"
        (url,) = [word for word in words if word.startswith("localhost:8080")]
        path = url.removeprefix("localhost:8080").split("?")[0] or "/"
        shown.add((method, SPECIFICATION.template(path)))
    needed = {(method, path) for method, path in SPECIFICATION.operations() if method not in ("HEAD", "OPTIONS")}
    assert needed <= shown, needed - shown


def test_the_python_trainer_trains(server, tmp_path):
    (trainer,) = blocks("python trainer")
    assert len([line for line in trainer.splitlines() if line.strip()]) <= 20
    (tmp_path / "trainer.py").write_text(at(trainer, server))
    done = subprocess.run(
        [sys.executable, "trainer.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, env=environment()
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with Client(server) as client:
        average = safetensors.numpy.load(client.get("/v1/weights/averaged").content)
        numpy.testing.assert_allclose(average["w"], [2, -3, 0.5], atol=0.05)
        assert client.status()["iterations"] == 500


def run_with_server(fence, directory, files={}):
    """Runs the blocks of a fence, the first of which starts a server, on a free port, beside these files; what they
    print."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # What a person does by waiting for the start-up line.
    ready = f"until (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>>tries; do sleep 0.05; done\n"
    stop = "trap 'kill $(jobs -p) 2>>tries || true' EXIT\n"
    script = stop + ready.join(blocks(fence)).replace("serve ", f"serve --port {port} ")
    script = script.replace("localhost:8080", f"localhost:{port}") + "kill %?serve && wait\n"
    for name, text in files.items():
        (directory / name).write_text(text.replace("localhost:8080", f"localhost:{port}"))
    path = [Path(EXECUTABLE).resolve().parent, Path(sys.executable).parent, os.environ["PATH"]]
    done = subprocess.run(
        ["bash", "-meuo", "pipefail", "-c", script],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(PATH=":".join(map(str, path)), no_proxy="*"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_security_examples_work_in_their_order(tmp_path):
    run_with_server("sh security", tmp_path)


def test_the_examples_of_many_trainers_work_in_their_order(tmp_path):
    receipts = [json.loads(line) for line in run_with_server("sh many", tmp_path).splitlines() if '"etag"' in line]
    assert [receipt["iterations"] for receipt in receipts] == [1, 1, 2]
    assert receipts[0] == receipts[1]
    weights = safetensors.numpy.load_file(tmp_path / "weights.safetensors")
    rate = numpy.float32(0.01)
    mean = (numpy.float32([64, 128]) + numpy.float32([96, 128])) / numpy.float32(96)
    numpy.testing.assert_array_equal(weights["w"], -rate * mean - rate)


def test_diloco_gets_the_loss_that_is_shown(tmp_path):
    (script,) = blocks("python diloco")
    (shown,) = blocks("text diloco")
    (tmp_path / "Sources").symlink_to(TOP / "Sources")
    printed = run_with_server("sh diloco", tmp_path, {"diloco.py": script})
    figures = re.compile(r"(?<=: )[0-9.]+$", re.MULTILINE)
    found, expected = [[float(figure) for figure in figures.findall(text)] for text in (printed, shown)]
    assert len(expected) == 2 and found == pytest.approx(expected, abs=0.02), printed


def test_every_file_that_it_names_is_there():
    for name in re.findall(r"\b(?:deploy|Sources|Tests)/[\w./-]*\w", README):
        assert (TOP / name).exists(), name
