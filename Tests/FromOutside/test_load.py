"""Many trainers at once: nobody is left behind, nothing fails, and memory is what it must be."""

import os
import time
from contextlib import ExitStack
from pathlib import Path

import numpy

from server import Client, long
from tensors import encode
from traffic import train_many
from trainers import Process

TRAINERS, PROCESSES, SECONDS = 64, 4, 60
MODEL = {"w": numpy.zeros((1000, 1000), "<f4"), "b": numpy.zeros(48_576, "<f4")}


def memory(server, name):
    """A line of /proc/PID/status, in bytes."""
    lines = (Path("/proc") / str(server.process.pid) / "status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name + ":"))


@long
def test_64_trainers_for_a_minute(server):
    content = encode(MODEL)
    size = sum(tensor.nbytes for tensor in MODEL.values())
    sgd = {"class_name": "SGD", "config": {"learning_rate": 0.1, "momentum": 0.9}}
    with Client(server) as client:
        client.put("/v1/optimizer", json={"class_name": "SWA", "config": {"optimizer": sgd, "average_period": 10}})
        assert client.put("/v1/weights", data=content).status_code == 201
        assert client.post("/v1/gradients", data=content).status_code == 200
    alone = memory(server, "VmRSS")
    names = [f"t{index:02}" for index in range(TRAINERS)]
    seen = {}
    with ExitStack() as stack:
        for index in range(PROCESSES):
            call = (train_many, server.port, names[index::PROCESSES], content, SECONDS)
            process = stack.enter_context(Process(*call))
            stack.callback(lambda process=process: seen.update(process.receive()))
        time.sleep(SECONDS / 2)
        during = memory(server, "VmRSS")
    peak, after = memory(server, "VmHWM"), memory(server, "VmRSS")

    with Client(server) as client:
        status = client.status()
        listed = {trainer["id"]: trainer["pushes"] for trainer in client.get("/v1/trainers").json()}
    pushes = [seen[name]["pushes"] for name in names]
    mean = sum(pushes) / TRAINERS
    terms = {
        "1.1 x (variables, momentum, average)": 1.1 * 3 * size,
        "a gradient or an older version for each trainer": TRAINERS * size,
        "an idle region": size,
        "connections, 16 KiB each": TRAINERS << 14,
        "the rest": 32 << 20,
    }
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}: {sum(pushes) / SECONDS:.0f} pushes a second,")
    print(f"a trainer {min(pushes)} to {max(pushes)}, mean {mean:.0f}; worst wait {max(s['worst'] for s in seen.values()):.2f} s")
    for name, term in terms.items():
        print(f"{term / 1e6:8.1f} MB  {name}")
    print(f"{sum(terms.values()) / 1e6:8.1f} MB  together; measured, resident:")
    for name, figure in {"before": alone, "in the middle": during, "at most": peak, "afterwards": after}.items():
        print(f"{figure / 1e6:8.1f} MB  {name}")

    assert [trainer["errors"] for trainer in seen.values()] == [[]] * TRAINERS
    assert status["iterations"] == sum(pushes) + 1
    assert listed == dict(zip(names, pushes))
    assert min(pushes) > mean / 2
    assert all(trainer["polls"] > 0 and trainer["pulls"] > 0 for trainer in seen.values())
    assert peak <= sum(terms.values())
