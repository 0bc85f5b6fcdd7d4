"""How parameters are divided among variables, threads and packets changes no bit, whatever the rule."""

import numpy
import pytest
import safetensors.numpy

from server import Client, Server
from tensors import encode
from test_random_programs import RULES, VARIANTS

# Elements of vectors, and rows of tables: whole, and cut into variables.
COUNT, ROWS, WIDTH = 530_001, 900, 7
WHOLE = ([COUNT], [ROWS])
CUT = ([1, 65_535, 65_536, 3, 0, 131_071, 77, 267_778], [1, 333, 2, 0, 500, 64])
STEPS = 2


def flat(values, lengths):
    ends = numpy.cumsum(lengths)
    return {f"v{index:02}": values[end - length : end] for index, (length, end) in enumerate(zip(lengths, ends))}


def table(values, bands):
    ends = numpy.cumsum(bands)
    return {f"t{index:02}": values[end - band : end] for index, (band, end) in enumerate(zip(bands, ends))}


def sparse(rows, values, bands):
    """A sparse gradient of the whole table, as those of its bands."""
    tensors = {}
    for index, (band, end) in enumerate(zip(bands, numpy.cumsum(bands))):
        chosen = (rows >= end - band) & (rows < end)
        if chosen.any():
            tensors[f"t{index:02}/indices"] = rows[chosen] - (end - band)
            tensors[f"t{index:02}/values"] = values[chosen]
    return tensors


def pieces(body, size):
    return (body[start : start + size] for start in range(0, len(body), size))


def run(client, title, clipping, lengths, bands, piece):
    rule, fields = VARIANTS.get(title, (title, {}))
    inner = {"class_name": rule, "config": RULES[rule][0] | fields}
    if title == "AdamW of Keras":
        inner["module"] = "keras.optimizers"
    swa = {"class_name": "SWA", "config": {"optimizer": inner, "average_period": 1} | clipping}
    client.delete("/v1/weights")
    assert client.put("/v1/optimizer", json=swa).status_code == 200
    random = numpy.random.default_rng(7)

    def numbers(*shape):
        return random.standard_normal(shape, "float32")

    start = flat(numbers(COUNT), lengths) | table(numbers(ROWS, WIDTH), bands)
    assert client.put("/v1/weights", data=encode(start)).status_code == 201
    norms = []
    for _ in range(STEPS):
        dense, rows = numbers(COUNT), random.integers(0, ROWS, 400)
        body = encode(flat(dense, lengths) | sparse(rows, numbers(400, WIDTH), bands))
        receipt = client.post("/v1/gradients", data=pieces(body, piece) if piece else body)
        assert receipt.status_code == 200, receipt.text
        norms.append(receipt.json()["gradient_norm"])
    results = []
    for path in ("/v1/weights", "/v1/weights/averaged"):
        found = safetensors.numpy.load(client.get(path).content)
        results.append(b"".join(found[name].tobytes() for name in sorted(found)))
    return results, norms


@pytest.fixture(scope="module")
def clients(tmp_path_factory):
    """Of a server with one thread, and of one with two."""
    servers = [Server(tmp_path_factory.mktemp("threads"), "--threads", str(threads)) for threads in (1, 2)]
    yield [Client(server) for server in servers]
    for server in servers:
        server.stop()


@pytest.mark.parametrize("title", [*RULES, *VARIANTS])
def test_the_bits_are_the_same(clients, title):
    clipping = {} if title == "Assign" else {"clipvalue": 1.5, "global_clipnorm": 40.0}
    expected, norms = run(clients[0], title, clipping, *WHOLE, None)
    for client, variables, piece in ((clients[1], WHOLE, 65_521), (clients[1], CUT, 999_983), (clients[0], CUT, 4_099)):
        found, other_norms = run(client, title, clipping, *variables, piece)
        assert [a == b for a, b in zip(found, expected)] == [True, True]
        assert other_norms == pytest.approx(norms, rel=1e-14)
