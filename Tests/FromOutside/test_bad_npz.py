"""An npz file that is wrong gets the right problem, changes nothing and takes no memory."""

import io
import json
import struct
import zipfile

import numpy
import pytest

from npz import compressed, npz
from server import problem
from tensors import f32
from wire import Wire

MODEL = {
    "w": f32([1, 2, 3], [4, 5, 6]),
    "emb": numpy.arange(24, dtype="<f4").reshape(6, 4) / 8,
    "scalar": numpy.array(0.25, "<f4"),
    "n": numpy.array(3, "<i8"),
}


@pytest.fixture
def model(client):
    """A model after its first snapshot."""
    assert client.put("/v1/weights", data=npz(MODEL)).status_code == 201
    assert client.post("/v1/gradients", data=npz({"w": MODEL["w"]})).json()["snapshot"]
    return client


def member(arrays, change):
    """A file with changed bytes, given where the local header and the directory's entry of the last array begin."""
    content = bytearray(npz(arrays))
    change(content, content.rindex(b"PK\x03\x04"), content.rindex(b"PK\x01\x02"))
    return bytes(content)


def flip(content, index):
    content[index] ^= 1


def swapped(content, local, entry):
    end = content.index(b"PK\x05\x06")
    first = content.index(b"PK\x01\x02")
    content[first:end] = content[entry:end] + content[first:entry]


W, B = {"w": f32([1, 2, 3], [4, 5, 6])}, {"w": f32([1, 2, 3], [4, 5, 6]), "scalar": numpy.array(1, "<f4")}
BAD = {
    "compressed": (compressed(W), 415, "unsupported-media-type", None),
    "encrypted": (member(W, lambda c, l, e: flip(c, l + 6)), 415, "unsupported-media-type", None),
    "objects": (npz({"w": numpy.array([[1, None, 3], [4, 5, 6]], object)}), 422, "dtype-mismatch", "w"),
    "strings": (npz({"w": numpy.array(["a", "b"])}), 422, "dtype-mismatch", "w"),
    "big-endian": (npz({"w": W["w"].astype(">f4")}), 422, "dtype-mismatch", "w"),
    "complex": (npz({"w": W["w"].astype("c8")}), 422, "dtype-mismatch", "w"),
    "structures": (npz({"w": numpy.zeros(3, [("x", "<f4")])}), 422, "dtype-mismatch", "w"),
    "unsigned": (npz({"w": W["w"].astype("<u4")}), 422, "dtype-mismatch", "w"),
    "integers": (npz({"w": W["w"].astype("<i4")}), 422, "dtype-mismatch", "w"),
    "shape": (npz({"w": W["w"].T}), 422, "shape-mismatch", "w"),
    "unknown": (npz({"v": W["w"]}), 422, "unknown-variable", "v"),
    "NaN": (npz({"w": W["w"] * numpy.nan}), 422, "non-finite-gradient", "w"),
    "comma": (npz({"a,b": W["w"]}), 422, "invalid-name", "a,b"),
    "only buffers": (npz({"n": numpy.array(4)}), 422, "no-gradients", None),
    "half a pair": (npz({"emb/indices": numpy.array([1])}), 422, "shape-mismatch", "emb"),
    "another row": (
        npz({"emb/indices": numpy.array([6]), "emb/values": numpy.zeros((1, 4), "<f4")}),
        422,
        "index-out-of-range",
        "emb",
    ),
    "float indices": (
        npz({"emb/indices": f32(1), "emb/values": numpy.zeros((1, 4), "<f4")}),
        422,
        "dtype-mismatch",
        "emb/indices",
    ),
    "integer values": (npz({"emb/values": numpy.zeros((1, 4), "<i4")}), 422, "dtype-mismatch", "emb/values"),
    "a bit of data": (member(W, lambda c, l, e: flip(c, e - 1)), 400, "malformed-body", None),
    "a bit of the header": (member(W, lambda c, l, e: flip(c, e - 30)), 400, "malformed-body", None),
    "its checksum": (member(W, lambda c, l, e: flip(c, l + 14)), 400, "malformed-body", None),
    "the listed checksum": (member(W, lambda c, l, e: flip(c, e + 16)), 400, "malformed-body", None),
    "the listed size": (member(W, lambda c, l, e: flip(c, e + 24)), 400, "malformed-body", None),
    "the listed name": (member(W, lambda c, l, e: flip(c, e + 46)), 400, "malformed-body", None),
    "an overlap": (
        member(B, lambda c, l, e: c.__setitem__(slice(e + 42, e + 46), b"\0\0\0\0")),
        400,
        "malformed-body",
        None,
    ),
    "another order": (member(B, swapped), 400, "malformed-body", None),
    "a byte too many": (npz(W) + b"\0", 400, "malformed-body", None),
    "a byte too few": (npz(W)[:-1], 400, "malformed-body", None),
    "no directory": (npz(W)[: npz(W).index(b"PK\x01\x02")], 400, "malformed-body", None),
    "twice": (npz(W)[: npz(W).index(b"PK\x01\x02")] + npz(W), 400, "malformed-body", None),
}


def test_what_is_wrong_gets_the_right_problem_and_changes_nothing(model):
    before = model.state()
    for name, (content, status, kind, variable) in BAD.items():
        for body in (content, iter([content])):
            response = model.post("/v1/gradients", data=body)
            assert response.status_code == status, (name, response.text)
            document = problem(response, status, kind)
            if variable is not None:
                assert document["variable"] == variable, name
                assert variable in document["detail"], name
            if name == "compressed":
                assert "savez" in document["detail"] and "'w'" in document["detail"]
    assert model.state() == before


def test_a_name_has_512_bytes_at_most(client):
    refusals = {"x" * 513: (422, "invalid-name"), "é" * 300: (422, "invalid-name"), "x" * 1025: (400, "malformed-body")}
    for name, refusal in refusals.items():
        problem(client.put("/v1/weights", data=npz({name: f32(1)})), *refusal)
    assert client.put("/v1/weights", data=npz({"x" * 512: f32(1)})).status_code == 201


def test_a_name_twice_is_refused(model):
    file = io.BytesIO()
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(file, "w") as archive:
        for _ in range(2):
            with archive.open("w.npy", "w") as member:
                numpy.lib.format.write_array(member, W["w"])
    document = problem(model.post("/v1/gradients", data=file.getvalue()), 400, "malformed-body")
    assert "'w'" in document["detail"]


def test_a_member_that_is_no_array_is_refused(model):
    for name, data in (("readme.txt", b"hello"), ("x.npy", b"hello"), ("folder/", b"")):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(name, data)
        problem(model.post("/v1/gradients", data=file.getvalue()), 400, "malformed-body")


def test_what_is_declared_is_not_allocated(model, server):
    """A header that promises more than any machine has, in a body without a length."""
    before = model.state()
    resident = int(open(f"/proc/{server.process.pid}/statm").read().split()[1]) * 4096
    for count in (1 << 40, 1 << 46, 1 << 60, (1 << 61) - 1):
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({count},)}}".encode()
        npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
        size = len(npy) + 4 * count
        extra = struct.pack("<HHQQ", 1, 16, min(size, (1 << 64) - 1), min(size, (1 << 64) - 1))
        local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 45, 0, 0, 0, 33, 0, 2**32 - 1, 2**32 - 1, 5, 20)
        body = local + b"w.npy" + extra + npy + b"\0" * 1000
        safetensors = json.dumps({"w": {"dtype": "F32", "shape": [count], "data_offsets": [0, 4 * count]}}).encode()
        for content in (body, struct.pack("<Q", len(safetensors)) + safetensors + b"\0" * 1000):
            for method, path in (("PUT", "/v1/weights"), ("POST", "/v1/gradients")):
                assert model.request(method, path, data=iter([content])).status_code in (400, 409, 422, 503)
    assert model.state() == before
    assert int(open(f"/proc/{server.process.pid}/statm").read().split()[1]) * 4096 < resident + (8 << 20)


def test_a_model_larger_than_any_machine_is_not_created(client):
    for count in (1 << 40, 1 << 46, 1 << 60, (1 << 61) - 1):
        header = f"{{'descr': '<f2', 'fortran_order': False, 'shape': ({count},)}}".encode()
        npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
        extra = struct.pack("<HHQQ", 1, 16, len(npy) + 2 * count, len(npy) + 2 * count)
        local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 45, 0, 0, 0, 33, 0, 2**32 - 1, 2**32 - 1, 5, 20)
        safetensors = json.dumps({"w": {"dtype": "F16", "shape": [count], "data_offsets": [0, 2 * count]}}).encode()
        for content in (local + b"w.npy" + extra + npy, struct.pack("<Q", len(safetensors)) + safetensors):
            assert client.put("/v1/weights", data=iter([content])).status_code in (400, 503)
    assert client.get("/v1/variables").json() == []


def test_a_body_cut_short_changes_nothing(model, server):
    before = model.state()
    content = npz(B)
    head = b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(content)
    for part in (1, 4, 40, 150, 300, len(content) - 1):
        with Wire(server) as wire:
            wire.send(head + content[:part])
            wire.finish()
            received = wire.socket.recv(65536)
            assert received == b"" or received.startswith((b"HTTP/1.1 400", b"HTTP/1.1 408"))
    assert model.state() == before
