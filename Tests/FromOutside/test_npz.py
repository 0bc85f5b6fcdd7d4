"""NumPy's npz both ways: what savez writes goes in, load reads what goes out, and both are safetensors to the bit."""

import io
import json
import struct
import subprocess
import zipfile

import numpy
import pytest

from npz import comment, compressed, load, npz, same
from server import EXECUTABLE, Client, Server, environment, long, problem
from tensors import BF16, encode, f32, metadata

ARRAYS = {
    "w": f32([1, 2, 3], [4, 5, 6]),
    "emb": numpy.arange(24, dtype="<f4").reshape(6, 4) / 8,
    "half": numpy.array([1.5, 2.5, -3.5], "<f2"),
    "double": numpy.array([0.1, 1e300]),
    "scalar": numpy.array(0.25, "<f4"),
    "é/name": f32(7),
    "none": numpy.zeros((0, 5), "<f4"),
    "mean": f32(0.5, 0.75),
    "n": numpy.array(3, "<i8"),
    "i": numpy.array([1, -2], "<i4"),
    "s": numpy.array([[3], [-4]], "<i2"),
    "t": numpy.array([5, -6, 7], "i1"),
    "u": numpy.array([8, 255], "u1"),
    "flag": numpy.array([True, False, True]),
}
SGD = {"class_name": "SGD", "config": {"learning_rate": 0.5, "momentum": 0.9}}
SWA = {"class_name": "SWA", "config": {"optimizer": SGD, "average_period": 2}}
TYPES = ["application/octet-stream", "application/x-npz", "application/zip", "application/X-NPZ; x=1", None]


def train(client, how):
    """Creates and trains a model through every path that takes a file, which `how` makes; returns all that it is."""
    assert client.put("/v1/optimizer", json=SWA).status_code == 200
    assert client.put("/v1/weights?non_trainable=mean", data=how(ARRAYS)).status_code == 201
    bodies = [
        {"w": numpy.asfortranarray(f32([1, 0, -1], [0.5, 2, 3])), "double": numpy.array([1.0, 2.0])},
        {"half": numpy.array([1, 2, 3], "<f2"), "scalar": numpy.array(2.0), "mean": f32(1, 2), "n": numpy.array(4)},
        {"emb/indices": numpy.array([5, 0, 5]), "emb/values": numpy.arange(12, dtype="<f2").reshape(3, 4)},
        {
            "emb/values": numpy.asfortranarray(f32([1, 2, 3, 4])),
            "w": f32([1, 1, 1], [2, 2, 2]),
            "emb/indices": numpy.array([2], "<i4"),
        },
        {"none": numpy.zeros((0, 5), "<f2"), "w": numpy.asfortranarray(numpy.array([[1, 2, 3], [4, 5, 6]], "<f8"))},
    ]
    receipts = []
    for body in bodies:
        response = client.post("/v1/gradients", data=how(body))
        assert response.status_code == 200, response.text
        receipts.append([response.json()[name] for name in ("iterations", "snapshots", "gradient_norm")])
    tag = client.get("/v1/weights/averaged").headers["ETag"]
    put = client.put(
        "/v1/weights/averaged", data=how({"mean": f32(9, 8), "n": numpy.array(7)}), headers={"If-Match": tag}
    )
    assert sorted(put.json()["replaced"]) == ["mean", "n"]
    paths = ["/v1/weights", "/v1/weights/averaged", "/v1/optimizer/slots/momentum", "/v1/optimizer/weights"]
    parts = [client.get(path).content for path in paths]
    return (
        receipts,
        client.get("/v1/variables").json(),
        [part[8 + struct.unpack("<Q", part[:8])[0] :] for part in parts],
    )


def in_order(arrays):
    """A safetensors file whose model has the order of the arrays, whatever the order of memory."""
    arrays = {name: numpy.ascontiguousarray(value).reshape(value.shape) for name, value in arrays.items()}
    return encode(arrays, {"order": json.dumps(list(arrays))})


def test_every_way_in_gives_the_bits_of_safetensors(start):
    with Client(start()) as one, Client(start()) as other:
        first, second = train(one, in_order), train(other, npz)
    assert first == second
    assert [variable["name"] for variable in second[1]] == list(ARRAYS)


@pytest.fixture
def model(client):
    train(client, npz)
    return client


PATHS = [
    "/v1/weights",
    "/v1/weights/averaged",
    "/v1/optimizer/slots/momentum",
    "/v1/optimizer/slots/average",
    "/v1/weights?names=emb,n,half",
    "/v1/weights?prefix=s,n",
    "/v1/weights/averaged?dtype=F16",
    "/v1/weights?dtype=F64",
    "/v1/weights?rows=emb:5,1,1",
    "/v1/weights/averaged?rows=emb:0&dtype=F16",
]


def deserialized(content):
    from safetensors.numpy import load

    return load(content)


def test_what_goes_out_is_what_safetensors_says(model):
    for path in PATHS:
        goes_out_as_safetensors(model, path)


def goes_out_as_safetensors(model, path):
    tensors = model.get(path)
    mark = "&" if "?" in path else "?"
    answers = [model.get(f"{path}{mark}format=npz"), *(model.get(path, headers={"Accept": t}) for t in TYPES[1:3])]
    for answer, media in zip(answers, [TYPES[1], *TYPES[1:3]], strict=True):
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == media
        assert answer.content == answers[0].content
        assert answer.headers["ETag"] == answers[0].headers["ETag"] != tensors.headers["ETag"]
        for name in ("Weights-Iteration", "Model-Epoch", "Accept-Ranges", "Vary", "Cache-Control"):
            assert answer.headers[name] == tensors.headers[name]
        assert answer.headers["Content-Disposition"].endswith('.npz"')
    arrays, expected = load(answers[0].content), deserialized(tensors.content)
    assert [name for name in ARRAYS if name in expected] == list(arrays)
    same(arrays, {name: expected[name] for name in arrays})
    told = metadata(tensors.content)
    told.pop("order", None)
    assert comment(answers[0].content) == told
    # Twice the same bytes; a part, a known tag and HEAD are those of the whole.
    content, tag = answers[0].content, answers[0].headers["ETag"]
    part = model.get(f"{path}{mark}format=npz", headers={"Range": "bytes=11-90", "If-Range": tag})
    assert (part.status_code, part.content) == (206, content[11:91])
    assert model.get(f"{path}{mark}format=npz", headers={"If-None-Match": tag}).status_code == 304
    head = model.head(f"{path}{mark}format=npz")
    assert (head.headers["ETag"], int(head.headers["Content-Length"])) == (tag, len(content))


def test_every_cut_in_two_fits_together(model):
    whole = model.get("/v1/weights?format=npz").content
    for cut in range(1, len(whole), 97):
        parts = [
            model.get("/v1/weights?format=npz", headers={"Range": f"bytes={r}"}).content
            for r in (f"0-{cut - 1}", f"{cut}-")
        ]
        assert b"".join(parts) == whole


def test_optimizer_state_goes_out_and_in(model):
    tensors = model.get("/v1/optimizer/weights")
    answer = model.get("/v1/optimizer/weights", headers={"Accept": "application/x-npz"})
    arrays = load(answer.content)
    same(arrays, {name: deserialized(tensors.content)[name] for name in arrays})
    assert [int(name.split("/")[0]) for name in arrays] == list(range(len(arrays)))
    assert comment(answer.content) == metadata(tensors.content)
    assert comment(answer.content)["snapshots"] == "3"
    again = model.get("/v1/optimizer/weights?format=npz")
    assert (again.content, again.headers["ETag"]) == (answer.content, answer.headers["ETag"])
    problem(model.get("/v1/optimizer/weights", headers={"Accept": "application/json"}), 406, "not-acceptable")
    document = problem(model.get("/v1/optimizer/weights?format=json"), 400, "unknown-parameter")
    assert "safetensors or npz" in document["detail"]

    positional = io.BytesIO()
    numpy.savez(positional, *arrays.values())
    for content, snapshots in ((answer.content, 3), (npz(arrays), 3), (positional.getvalue(), 3)):
        model.post("/v1/gradients", data=npz({"w": ARRAYS["w"]}))
        assert model.put("/v1/optimizer/weights", data=content).json() == {"iterations": 5}
        assert model.status()["snapshots"] == snapshots
        same(load(model.get("/v1/optimizer/weights?format=npz").content), arrays)
    # The count is the file's where the schedule would give another.
    model.patch("/v1/optimizer", json={"average_period": 5})
    assert model.put("/v1/optimizer/weights", data=answer.content).status_code == 200
    assert model.status()["snapshots"] == 3
    less = dict(list(arrays.items())[:-1])
    problem(model.put("/v1/optimizer/weights", data=npz(less)), 409, "model-mismatch")


def test_a_file_makes_the_same_model_elsewhere(model, start):
    answer = model.get("/v1/weights?format=npz")
    wanted = model.get("/v1/variables").json()
    with Client(start()) as other:
        assert other.put("/v1/weights", data=answer.content).status_code == 201
        assert other.get("/v1/variables").json() == wanted
        assert other.put("/v1/weights", data=answer.content).status_code == 200
        same(load(other.get("/v1/weights?format=npz").content), load(answer.content))


def test_brain_floats_go_out_as_float32(client):
    values = {"b": BF16([1.5, -2, 3.14159]), "h": numpy.array([1, 2, 3], "<f2"), "w": f32(1.001)}
    client.put("/v1/weights", data=encode(values))
    arrays = load(client.get("/v1/weights?format=npz").content)
    same(arrays, {"b": values["b"].floats(), "h": values["h"], "w": values["w"]})
    for query in ("names=b", "rows=b:0,1,2", "dtype=F32&names=b"):
        same(load(client.get(f"/v1/weights?format=npz&{query}").content), {"b": values["b"].floats()})
    narrow = load(client.get("/v1/weights?format=npz&dtype=BF16").content)
    assert narrow["w"].dtype == numpy.float32 and narrow["w"][0] == 1
    # NumPy has no such type to put back.
    problem(client.put("/v1/weights", data=client.get("/v1/weights?format=npz").content), 409, "model-mismatch")


def test_the_type_or_the_first_bytes_tell(client):
    for media in TYPES:
        headers = {"Content-Type": media} if media else {}
        assert client.put("/v1/weights", data=npz({"w": f32(1, 2)}), headers=headers).status_code in (200, 201)
        headers["Prefer"], headers["Accept"] = "return=representation", "application/zip"
        response = client.post("/v1/gradients", data=npz({"w": f32(1, 1)}), headers=headers)
        assert response.headers["Content-Type"] == "application/zip"
        numpy.testing.assert_allclose(load(response.content)["w"], [0.99, 1.99], rtol=1e-6)


def test_a_type_that_is_not_the_bytes_is_400(model):
    before = model.state()
    gradients = {"w": ARRAYS["w"]}
    document = problem(
        model.post("/v1/gradients", data=npz(gradients), headers={"Content-Type": "application/x-safetensors"}),
        400,
        "malformed-body",
    )
    assert "safetensors" in document["detail"]
    for media in TYPES[1:3]:
        document = problem(
            model.post("/v1/gradients", data=encode(gradients), headers={"Content-Type": media}), 400, "malformed-body"
        )
        assert "npz" in document["detail"]
    assert model.state() == before


def streamed(arrays):
    """The file that savez writes to a pipe: sizes come behind the data."""

    class Pipe(io.RawIOBase):
        content = b""

        def writable(self):
            return True

        def write(self, data):
            self.content += bytes(data)
            return len(data)

    pipe = Pipe()
    numpy.savez(pipe, **arrays)
    return pipe.content


def without_zip64(arrays):
    """A file as other writers make it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, value in arrays.items():
            content = io.BytesIO()
            numpy.lib.format.write_array(content, value)
            archive.writestr(name + ".npy", content.getvalue())
    return file.getvalue()


def version(number):
    def write(arrays):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, value in arrays.items():
                with archive.open(name + ".npy", "w") as member:
                    numpy.lib.format.write_array(member, value, version=number)
        return file.getvalue()

    return write


def chunks(size):
    return lambda arrays: (content[i : i + size] for content in [npz(arrays)] for i in range(0, len(content), size))


WRITERS = [streamed, without_zip64, version((2, 0)), version((3, 0)), chunks(1), chunks(63), chunks(10_000)]


def test_files_of_other_writers_and_in_pieces_are_read(client):
    arrays = {name: ARRAYS[name] for name in ("w", "n", "é/name", "none", "half")}
    for write in WRITERS:
        assert client.put("/v1/weights", data=write(arrays)).status_code == 201
        same(load(client.get("/v1/weights?format=npz").content), arrays)
        client.delete("/v1/weights")


def test_large_arrays_in_every_order_of_axes(client):
    random = numpy.random.default_rng(1)
    shapes = {"a": (300, 700), "b": (41, 7, 13, 5), "c": (100_000,), "d": (1, 9), "e": (2, 1, 60_000)}
    arrays = {name: random.normal(size=shape).astype("<f4") for name, shape in shapes.items()}
    columns = {name: numpy.asfortranarray(value) for name, value in arrays.items()}
    assert client.put("/v1/weights", data=npz(columns)).status_code == 201
    answer = client.get("/v1/weights?format=npz")
    same(load(answer.content), arrays)
    for part in range(0, len(answer.content), 300_000):
        response = client.get("/v1/weights?format=npz", headers={"Range": f"bytes={part}-{part + 299_999}"})
        assert response.content == answer.content[part : part + 300_000]
    wide = {name: numpy.asfortranarray(value.astype("<f8")) for name, value in arrays.items()}
    assert client.post("/v1/gradients", data=npz(wide)).status_code == 200
    rate = numpy.float32(0.01)
    same(load(client.get("/v1/weights?format=npz").content), {n: v - rate * v for n, v in arrays.items()})


def test_ten_thousand_small_arrays(client):
    arrays = {f"layer{index}": f32(index, 1) for index in range(10_000)}
    assert client.put("/v1/weights", data=npz(arrays)).status_code == 201
    answer = client.get("/v1/weights?format=npz")
    same(load(answer.content), arrays)
    assert client.post("/v1/gradients", data=answer.content).json()["iterations"] == 1


def test_a_key_is_of_the_bytes(model):
    content = npz({"w": ARRAYS["w"]})
    headers = {"Idempotency-Key": '"a"'}
    first = model.post("/v1/gradients", data=content, headers=headers)
    again = model.post("/v1/gradients", data=content, headers=headers)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    problem(model.post("/v1/gradients", data=encode({"w": ARRAYS["w"]}), headers=headers), 422, "idempotency-mismatch")


def test_a_comment_of_another_kind_is_ignored_and_a_wrong_list_is_not(client):
    def commented(text):
        content = npz({"w": f32(1), "m": f32(2)})
        return content[:-2] + struct.pack("<H", len(text)) + text

    for text in (b"made by hand", b"[1]", b'{"non_trainable": 1}', b"\xff", b"x" * 65_535):
        assert client.put("/v1/weights", data=commented(text)).status_code == 201
        client.delete("/v1/weights")
    problem(client.put("/v1/weights", data=commented(b'{"non_trainable":"m"}')), 422, "malformed-body")
    problem(client.put("/v1/weights", data=commented(b'{"non_trainable":"[\\"x\\"]"}')), 422, "unknown-variable")
    assert client.put("/v1/weights", data=commented(b'{"non_trainable":"[\\"m\\"]"}')).status_code == 201
    assert [variable["trainable"] for variable in client.get("/v1/variables").json()] == [True, False]


def test_a_server_starts_from_a_file_and_the_trainer_pushes_one(start, tmp_path):
    (tmp_path / "w.npz").write_bytes(npz({"w": f32(1, 2), "n": numpy.array(3)}))
    (tmp_path / "g.npz").write_bytes(npz({"w": f32(1, -1)}))
    server = start("--weights", str(tmp_path / "w.npz"))
    trainer = EXECUTABLE.removesuffix("swa-server") + "swa-trainer"
    for command in (["init", "w.npz"], ["push", "g.npz"]):
        done = subprocess.run(
            [trainer, *command, "--url", server.url], cwd=tmp_path, env=environment(), capture_output=True, timeout=60
        )
        assert done.returncode == (65 if command[0] == "init" else 0), done.stderr
    with Client(server) as client:
        numpy.testing.assert_allclose(load(client.get("/v1/weights?format=npz").content)["w"], [0.99, 2.01], rtol=1e-6)
    (tmp_path / "bad.npz").write_bytes(compressed({"w": f32(1, 2)}))
    done = subprocess.run(
        [EXECUTABLE, "serve", "--weights", tmp_path / "bad.npz"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 64 and "savez" in done.stderr


@long
def test_arrays_beyond_32_bits(tmp_path):
    """An archive of more than 4 GiB, one array of which needs sizes of 64 bits."""
    server = Server(tmp_path, "--max-body-bytes", "8GiB", "--max-inflight-bytes", "8GiB", "--max-held-bytes", "8GiB")
    try:
        with Client(server) as client:
            path = tmp_path / "large.npz"
            large = numpy.arange((4 << 30) + 8, dtype="<u1")
            numpy.savez(path, large=large, w=f32(1, 2))
            with path.open("rb") as file:
                assert client.put("/v1/weights", data=file, timeout=600).status_code == 201
            response = client.get("/v1/weights?format=npz", timeout=600)
            arrays = load(response.content)
            assert (arrays["large"] == large).all() and (arrays["w"] == f32(1, 2)).all()
    finally:
        server.stop()
