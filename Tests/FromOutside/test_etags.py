"""Entity tags under random programs of changes and GETs: one tag is one sequence of bytes, and tags change when there
is a new version and only then."""

import hashlib
import json
import os

import numpy
import pytest

from npz import npz
from tensors import BF16, encode, f32

SEEDS = range(40 if "LONG_TESTS" in os.environ else 2)
STEPS = 40
MODEL = {
    "layer1.w": f32([1, 2, 3], [4, 5, 6]),
    "layer1.b": f32(0.5, -0.5),
    "emb": numpy.arange(20, dtype="<f4").reshape(5, 4) / 8,
    "half": numpy.array([1.5, 2.5, -3.5], "<f2"),
    "brain": BF16([1.5, -2]),
    "double": numpy.array([0.1, 1e30]),
    "mean": f32(0.25, 0.75),
    "count": numpy.array(3, "<i8"),
}
TRAINED = [name for name in MODEL if name not in ("mean", "count")]
# What is read, and whose version its tag follows; the state's is not told.
PATHS = {
    "/v1/weights": "weights",
    "/v1/weights/averaged": "averages",
    "/v1/optimizer/slots/average": "averages",
    "/v1/optimizer/slots/momentum": "state",
    "/v1/optimizer/weights": "state",
}


def sgd(momentum=0.9):
    inner = {"class_name": "SGD", "config": {"learning_rate": 0.125, "momentum": momentum}}
    return {"class_name": "SWA", "config": {"optimizer": inner, "start_averaging": 1, "average_period": 3}}


class Program:
    """Changes a model at random and keeps of each GET what its tag must be."""

    def __init__(self, client, seed):
        self.client = client
        self.random = numpy.random.default_rng(seed)
        self.changes = 0
        # By the contract's table of changes; None where there is nothing.
        self.versions = {"weights": None, "averages": None, "state": None}
        self.snapshots = 0
        self.saved = None
        # What each tag stood for, and the version and the tag that each request met last.
        self.contents = {}
        self.last = {}
        self.unchanged = 0

    def run(self):
        kinds = [getattr(self, name) for name in dir(self) if name.startswith("do_")]
        self.client.put("/v1/optimizer", json=sgd())
        self.do_put()
        for _ in range(STEPS):
            # Pushes are what happens most.
            self.pick(kinds + [self.do_push] * len(kinds))()
            for _ in range(6):
                self.get()
        assert self.unchanged > STEPS / 2 and len(self.contents) > STEPS, (self.unchanged, len(self.contents))

    def pick(self, items):
        return items[self.random.integers(len(items))]

    def some(self, items):
        return [str(name) for name in self.random.permutation(items)[: self.random.integers(1, len(items) + 1)]]

    def values(self, name):
        noise = self.random.normal(size=MODEL[name].shape)
        return BF16(noise) if name == "brain" else noise.astype("<f4" if name in TRAINED else MODEL[name].dtype)

    def new(self, *kinds):
        """There is a new version of these, and perhaps of the state."""
        self.changes += 1
        self.versions["state"] = self.changes
        for kind in kinds:
            self.versions[kind] = self.changes
        self.snapshots = self.client.status()["snapshots"]

    def do_put(self):
        arrays = {name: self.values(name) for name in MODEL}
        for name in TRAINED:
            if name != "brain":
                arrays[name] = arrays[name].astype(MODEL[name].dtype)
        content = encode(arrays, {"non_trainable": json.dumps(["mean"])})
        created = self.client.put("/v1/weights", data=content).status_code == 201
        assert created == (self.versions["weights"] is None)
        self.new("weights")

    def do_push(self):
        if self.versions["weights"] is None:
            return
        names = [name for name in self.some(TRAINED) if name != "brain"] or ["half"]
        arrays = {name: self.values(name) for name in names + self.pick([[], ["mean"], ["count"]])}
        before, body = self.snapshots, self.pick([encode, npz])(arrays)
        headers = self.pick(
            [{}, {"Prefer": "return=representation", "Accept": self.pick(["*/*", "application/x-npz"])}]
        )
        response = self.client.post("/v1/gradients", data=body, headers=headers)
        assert response.status_code == 200, response.text
        self.new("weights")
        if self.snapshots != before:
            self.versions["averages"] = self.changes
        if headers:
            self.keep(response)

    def do_refused(self):
        response = self.client.post("/v1/gradients", data=encode({"half": f32(1)}))
        assert response.status_code in (409, 422)

    def do_dry_run(self):
        response = self.client.post("/v1/gradients?dry_run=true", data=encode({"half": f32(1, 2, 3)}))
        assert response.status_code in (200, 409)

    def do_put_averaged(self):
        response = self.client.put(
            "/v1/weights/averaged", data=encode({"mean": self.values("mean")}), headers={"If-Match": "*"}
        )
        assert (response.status_code == 200) == (self.versions["averages"] is not None)
        if response.ok:
            self.new("averages")
            assert response.json()["etag"] == self.client.get("/v1/weights/averaged").headers["ETag"]

    def do_delete_averaged(self):
        if self.client.delete("/v1/weights/averaged").status_code == 204:
            self.new()
            self.versions["averages"] = None

    def do_assign(self):
        body = self.pick([None, {"variables": self.some(TRAINED)}])
        if self.client.post("/v1/weights/averaged/assign", json=body).status_code == 200:
            self.new("weights")

    def do_patch(self):
        config = self.pick(
            [
                {"learning_rate": 0.25},
                {"average_period": 2},
                {"optimizer": {"config": {"momentum": self.pick([0, 0.5])}}},
            ]
        )
        assert self.client.patch("/v1/optimizer", json=config).status_code == 200
        self.new()

    def do_put_optimizer(self):
        assert self.client.put("/v1/optimizer", json=sgd()).status_code == 200
        if self.versions["weights"] is not None:
            self.new("weights")
            self.versions["averages"] = None

    def do_optimizer_weights(self):
        response = self.client.get("/v1/optimizer/weights?format=" + self.pick(["npz", "safetensors"]))
        if self.saved is None or self.random.integers(2):
            self.saved = response.content if response.ok else None
        elif self.client.put("/v1/optimizer/weights", data=self.saved).status_code == 200:
            self.new("weights", "averages")
            if self.snapshots == 0:
                self.versions["averages"] = None

    def do_drop(self):
        if self.random.integers(3) == 0 and self.client.delete("/v1/weights").status_code == 204:
            self.new()
            self.versions = dict.fromkeys(self.versions)
            self.do_put()

    def query(self, path):
        if path == "/v1/optimizer/weights":
            return self.pick(["", "format=npz", "format=safetensors"])
        names = TRAINED if "slots" in path else list(MODEL)
        parts = [
            self.pick(["", "", "names=" + ",".join(self.some(names)), "prefix=layer1.", self.rows()]),
            self.pick(["", "", "dtype=" + self.pick(["F16", "BF16", "F32", "F64"])]),
            self.pick(["", "format=" + self.pick(["npz", "json", "safetensors"])]),
        ]
        return "&".join(part for part in parts if part)

    def rows(self):
        return "rows=emb:" + ",".join(str(row) for row in self.random.integers(0, 5, self.random.integers(1, 4)))

    def get(self):
        path = self.pick(list(PATHS))
        # Some of the requests come again, before and after changes.
        url = self.pick([f"{path}?{self.query(path)}", self.pick([*self.last][-10:] or [path])])
        version = self.versions[PATHS[url.split("?")[0]]]
        response = self.client.get(url)
        if response.status_code == 404:
            assert version is None or "momentum" in url and response.json()["type"] == "/problems/no-slot"
            return
        assert response.status_code == 200 and version is not None, response.text
        tag = response.headers["ETag"]
        self.keep(response)
        if url in self.last:
            known, before = self.last[url]
            if known == version:
                self.unchanged += 1
                assert tag == before, url
            elif "optimizer/slots/momentum" not in url and "optimizer/weights" not in url:
                assert tag != before, url
            again = self.client.get(url, headers={"If-None-Match": before})
            assert again.status_code == (304 if tag == before else 200)
        self.last[url] = (version, tag)

    def keep(self, response):
        """One tag is one sequence of bytes, whatever was asked for."""
        digest = hashlib.sha256(response.content).hexdigest()
        assert self.contents.setdefault(response.headers["ETag"], digest) == digest, response.headers["ETag"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_tag_is_its_bytes_and_changes_with_the_version_alone(client, seed):
    Program(client, seed).run()
