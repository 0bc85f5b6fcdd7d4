"""GET, PUT and PATCH /v1/optimizer."""

import json

import numpy
import pytest
import safetensors.numpy

from server import problem
from tensors import encode, f32

KERAS = {
    "class_name": "Addons>SWA",
    "config": {
        "name": "SWA",
        "optimizer": {
            "module": "keras.optimizers.legacy",
            "class_name": "SGD",
            "config": {
                "name": "SGD",
                "learning_rate": 0.10000000149011612,
                "decay": 0.0,
                "momentum": 0.8999999761581421,
                "nesterov": True,
            },
            "registered_name": None,
        },
        "average_period": 5,
        "start_averaging": 100,
    },
}


def inner(client):
    return client.get("/v1/optimizer").json()["config"]["optimizer"]["config"]


def wrapper(client):
    return client.get("/v1/optimizer").json()["config"]


def test_it_begins_as_sgd_inside_swa(client):
    document = client.get("/v1/optimizer").json()
    assert document["class_name"] == "Addons>SWA"
    assert document["config"]["start_averaging"] == 0
    assert document["config"]["average_period"] == 10
    assert "sequential_update" not in document["config"]
    assert document["config"]["optimizer"]["class_name"] == "SGD"
    assert inner(client) == {"name": "SGD", "learning_rate": 0.01, "decay": 0, "momentum": 0, "nesterov": False}


def test_keras_json_goes_in_and_comes_out_with_short_numbers(client):
    response = client.put("/v1/optimizer", json=KERAS)
    assert response.status_code == 200
    assert response.json() == client.get("/v1/optimizer").json()
    assert inner(client) == {"name": "SGD", "learning_rate": 0.1, "decay": 0, "momentum": 0.9, "nesterov": True}
    assert (wrapper(client)["average_period"], wrapper(client)["start_averaging"]) == (5, 100)


def test_what_get_gives_goes_in_again(client):
    client.put("/v1/optimizer", json=KERAS)
    document = client.get("/v1/optimizer").json()
    assert client.put("/v1/optimizer", json=document).json() == document


@pytest.mark.parametrize(
    "body",
    [
        '"sgd"',
        '"SGD"',
        '{"class_name":"SGD"}',
        '{"class_name":"SGD","config":{}}',
        '{"class_name":"SWA","config":{"optimizer":"sgd"}}',
        '{"class_name":"SWA","config":{"optimizer":{"class_name":"SGD"}}}',
    ],
)
def test_short_forms_take_the_defaults(client, body):
    default = client.get("/v1/optimizer").json()
    client.put("/v1/optimizer", json=KERAS)
    response = client.put("/v1/optimizer", data=body, headers={"Content-Type": "application/json"})
    assert response.json() == default


def test_put_begins_anew_and_keeps_the_variables(client):
    client.put("/v1/optimizer", json=KERAS)
    created = client.put("/v1/weights", data=encode({"w": f32(1)}))
    for _ in range(3):
        client.post("/v1/gradients", data=encode({"w": f32(1)}))
    before = client.get("/v1/weights")
    client.put("/v1/optimizer", json={"class_name": "SGD", "config": {"learning_rate": 1}})
    after = client.get("/v1/weights")
    assert after.headers["Weights-Iteration"] == "0"
    assert after.headers["Model-Epoch"] != created.headers["Model-Epoch"]
    values = [safetensors.numpy.load(response.content)["w"][0] for response in (before, after)]
    assert values[0] == values[1]
    client.post("/v1/gradients", data=encode({"w": f32(1)}))
    assert safetensors.numpy.load(client.get("/v1/weights").content)["w"][0] == values[0] - numpy.float32(1)


@pytest.mark.parametrize("media", ["application/json", "application/merge-patch+json"])
def test_patch_changes_the_running_optimizer(client, media):
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    client.post("/v1/gradients", data=encode({"w": f32(1)}))
    before = client.get("/v1/weights").headers
    patch = {"average_period": 3, "optimizer": {"config": {"momentum": 0.5}}}
    response = client.patch("/v1/optimizer", data=json.dumps(patch), headers={"Content-Type": media})
    assert response.status_code == 200
    assert response.json() == client.get("/v1/optimizer").json()
    assert wrapper(client)["average_period"] == 3
    assert inner(client)["momentum"] == 0.5
    after = client.get("/v1/weights").headers
    assert (after["ETag"], after["Weights-Iteration"]) == (before["ETag"], before["Weights-Iteration"])
    assert client.get("/v1/weights/averaged").status_code == 200


@pytest.mark.parametrize("alias", ["learning_rate", "lr"])
def test_a_learning_rate_at_the_top_is_the_inner_one(client, alias):
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    client.patch("/v1/optimizer", json={alias: 0.25})
    assert inner(client)["learning_rate"] == 0.25
    assert client.status()["learning_rate"] == 0.25
    client.post("/v1/gradients", data=encode({"w": f32(1)}))
    assert safetensors.numpy.load(client.get("/v1/weights").content)["w"][0] == 0.75


def test_null_restores_a_default(client):
    client.put("/v1/optimizer", json=KERAS)
    client.patch("/v1/optimizer", json={"average_period": None, "learning_rate": None})
    assert wrapper(client)["average_period"] == 10
    assert inner(client)["learning_rate"] == 0.01
    assert inner(client)["momentum"] == 0.9


def test_momentum_may_come_and_go(client):
    client.put("/v1/optimizer", json={"class_name": "SGD", "config": {"learning_rate": 1}})
    client.put("/v1/weights", data=encode({"w": f32(0)}))
    w, m = numpy.float32(0), numpy.float32(0)
    for momentum in (0, 0.5, 0.5, 0, 0.5, 0.5):
        client.patch("/v1/optimizer", json={"optimizer": {"config": {"momentum": momentum}}})
        client.post("/v1/gradients", data=encode({"w": f32(1)}))
        m = numpy.float32(momentum) * (m if momentum else 0) - numpy.float32(1)
        w = w + m
        m = m if momentum else numpy.float32(0)
        assert safetensors.numpy.load(client.get("/v1/weights").content)["w"][0] == w


@pytest.mark.parametrize("alias", ["learning_rate", "lr"])
def test_null_restores_the_rate_under_both_names(client, alias):
    client.put("/v1/optimizer", json=KERAS)
    client.patch("/v1/optimizer", json={"optimizer": {"config": {alias: None}}})
    assert inner(client)["learning_rate"] == 0.01


def test_what_stays_as_it_is_may_be_written_otherwise(client):
    client.put("/v1/optimizer", json="adam")
    before = client.get("/v1/optimizer").json()
    for patch in ({"class_name": "adam"}, {"class_name": "Adam", "config": {"amsgrad": None}}):
        assert client.patch("/v1/optimizer", json={"optimizer": patch}).json() == before


@pytest.mark.parametrize("field", ["start_averaging", "average_period"])
def test_the_largest_integers_train(client, field):
    largest = 2**53
    client.put("/v1/optimizer", json=swa(**{field: largest}))
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    for _ in range(2):
        assert client.post("/v1/gradients", data=encode({"w": f32(1)})).status_code == 200
    assert client.status()["next_snapshot_at"] == largest + 1
    problem(client.patch("/v1/optimizer", json={field: largest + 1}), 422, "invalid-optimizer")


def test_what_keras_serializes_of_its_newer_classes_goes_in(client):
    newer = {"use_ema": False, "ema_momentum": 0.99, "ema_overwrite_frequency": None, "jit_compile": False}
    for name, warns in (("SGD", False), ("RMSprop", True)):
        document = {"class_name": f"Custom>{name}", "config": {"is_legacy_optimizer": False, "clipnorm": None} | newer}
        response = client.put("/v1/optimizer", json=document)
        assert ("warnings" in response.json()) == warns
    adamw = {"class_name": "Custom>AdamW", "config": {"is_legacy_optimizer": False, "learning_rate": 0.5}}
    assert client.put("/v1/optimizer", json=adamw).json()["config"]["optimizer"]["module"] == "keras.optimizers"


def test_nothing_is_nothing(client):
    before = client.get("/v1/optimizer").json()
    assert client.patch("/v1/optimizer", json={}).json() == before


def sgd(**config):
    return {"class_name": "SWA", "config": {"optimizer": {"class_name": "SGD", "config": config}}}


def swa(**config):
    return {"class_name": "SWA", "config": {"optimizer": "SGD", **config}}


BAD = [
    ({"class_name": "SDG"}, "class_name", "SGD"),
    ({"class_name": "SWA", "config": {"optimizer": {"class_name": "Sgdd"}}}, "config.optimizer.class_name", "SGD"),
    ({"class_name": "SWA", "config": {}}, "config.optimizer", None),
    ({"class_name": "SWA", "config": [1]}, "config", None),
    ({"config": {}}, "class_name", None),
    ({"class_name": "SGD", "confg": {}}, "confg", "config"),
    ([], None, None),
    (7, None, None),
    (sgd(momentumm=0.5), "config.optimizer.config.momentumm", "momentum"),
    (swa(averge_period=5), "config.averge_period", "average_period"),
    (sgd(momentum=1.5), "config.optimizer.config.momentum", "1"),
    (sgd(momentum=-0.1), "config.optimizer.config.momentum", "0"),
    (sgd(momentum="0.5"), "config.optimizer.config.momentum", None),
    (sgd(momentum=None), "config.optimizer.config.momentum", None),
    (sgd(nesterov=1), "config.optimizer.config.nesterov", "true"),
    (sgd(learning_rate=-1), "config.optimizer.config.learning_rate", "0"),
    (sgd(learning_rate=1e39), "config.optimizer.config.learning_rate", None),
    (sgd(learning_rate="fast"), "config.optimizer.config.learning_rate", None),
    (sgd(learning_rate=0.1, lr=0.1), "config.optimizer.config.lr", "learning_rate"),
    (sgd(decay=-1), "config.optimizer.config.decay", "0"),
    (sgd(clipnorm=0), "config.optimizer.config.clipnorm", "0"),
    (sgd(clipvalue=-1), "config.optimizer.config.clipvalue", None),
    (sgd(name=1), "config.optimizer.config.name", None),
    (sgd(use_ema=True), "config.optimizer.config.use_ema", "false"),
    (swa(average_period=0), "config.average_period", "1"),
    (swa(average_period=2.5), "config.average_period", "integer"),
    (swa(average_period=True), "config.average_period", "integer"),
    (swa(start_averaging=-1), "config.start_averaging", "0"),
    (swa(start_averaging="0"), "config.start_averaging", None),
    (swa(sequential_update=0), "config.sequential_update", "true"),
    (swa(clipnorm=1, global_clipnorm=1), "config.global_clipnorm", "clipnorm"),
]


@pytest.mark.parametrize("body,field,allowed", BAD, ids=[json.dumps(body)[:70] for body, _, _ in BAD])
def test_a_bad_configuration_is_422_naming_field_and_what_is_allowed(client, body, field, allowed):
    client.put("/v1/optimizer", json=KERAS)
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    before = client.state()
    document = problem(client.put("/v1/optimizer", json=body), 422, "invalid-optimizer")
    if field is not None:
        assert document["field"] == field
        assert field in document["detail"]
    if allowed is not None:
        assert allowed in json.dumps(document["allowed"])
    assert client.state() == before


BAD_PATCHES = [
    ({"momentum": 0.5}, "config.momentum", "invalid-optimizer"),
    ({"average_perid": 5}, "config.average_perid", "invalid-optimizer"),
    ({"average_period": 0}, "config.average_period", "invalid-optimizer"),
    ({"average_period": 5, "start_averaging": -1}, "config.start_averaging", "invalid-optimizer"),
    ({"optimizer": {"config": {"momentum": 2}}}, "config.optimizer.config.momentum", "invalid-optimizer"),
    ({"optimizer": {"config": {"mu": 0.1}}}, "config.optimizer.config.mu", "invalid-optimizer"),
    ({"optimizer": {"class_name": "Adam"}}, "config.optimizer.class_name", "not-patchable"),
    ({"optimizer": None}, "config.optimizer", "invalid-optimizer"),
    ({"clipnrom": None}, "config.clipnrom", "invalid-optimizer"),
    ({"optimizer": {"confg": None}}, "config.optimizer.confg", "invalid-optimizer"),
    ({"optimizer": {"config": {"mu": None}}}, "config.optimizer.config.mu", "invalid-optimizer"),
    ({"learning_rate": -1}, None, "invalid-optimizer"),
    ({"learning_rate": 0.1, "lr": 0.2}, None, "invalid-optimizer"),
    ([], "config", "invalid-optimizer"),
    ("sgd", "config", "invalid-optimizer"),
]


@pytest.mark.parametrize("patch,field,name", BAD_PATCHES, ids=[json.dumps(patch) for patch, _, _ in BAD_PATCHES])
def test_a_bad_patch_is_422_and_changes_nothing(client, patch, field, name):
    client.put("/v1/optimizer", json=KERAS)
    client.put("/v1/weights", data=encode({"w": f32(1)}))
    before = client.state()
    document = problem(client.patch("/v1/optimizer", json=patch), 422, name)
    if field is not None:
        assert document["field"] == field
    assert document["allowed"]
    assert client.state() == before


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}x",
        b'{"class_name":"SGD","class_name":"SGD"}',
        b"{'a':1}",
        b'{"a":01}',
        b'"\xff"',
        b'{"a":NaN}',
        b"[" * 100_000,
    ],
    ids=["empty", "cut", "more", "duplicate", "quotes", "number", "utf8", "nan", "deep"],
)
def test_what_is_no_json_is_400(client, method, body):
    before = client.get("/v1/optimizer").json()
    response = client.request(method, "/v1/optimizer", data=body, headers={"Content-Type": "application/json"})
    problem(response, 400, "malformed-body")
    assert client.get("/v1/optimizer").json() == before


def test_a_patch_of_another_type_is_415_with_accept_patch(client):
    response = client.patch("/v1/optimizer", data="a: 1", headers={"Content-Type": "text/yaml"})
    problem(response, 415, "unsupported-media-type")
    assert "application/merge-patch+json" in response.headers["Accept-Patch"]


@pytest.mark.parametrize(
    "patch", [{"decay": None}, {"decay": None, "average_period": 3}, {"optimizer": {"config": {"decay": None}}}]
)
def test_null_restores_the_default_of_a_decay(client, patch):
    for name in ("decay", "clipnorm", "learning_rate"):
        assert client.patch("/v1/optimizer", json={name: 0.5}).status_code == 200
    assert client.get("/v1/optimizer").json()["config"]["optimizer"]["config"]["decay"] == 0.5
    assert client.patch("/v1/optimizer", json=patch).status_code == 200
    config = client.get("/v1/optimizer").json()["config"]
    assert config["optimizer"]["config"]["decay"] == 0
    assert config["optimizer"]["config"]["learning_rate"] == 0.5
    assert client.patch("/v1/optimizer", json={"clipnorm": None, "lr": None}).status_code == 200
    config = client.get("/v1/optimizer").json()["config"]
    assert "clipnorm" not in config and config["optimizer"]["config"]["learning_rate"] == 0.01


@pytest.mark.parametrize("epsilon,warns", [(0, True), (0.0, True), (None, False), (1e-7, False)])
def test_an_epsilon_of_0_is_keras_default_and_said_so(client, epsilon, warns):
    response = client.put("/v1/optimizer", json={"class_name": "Adam", "config": {"epsilon": epsilon}})
    assert response.json()["config"]["optimizer"]["config"]["epsilon"] == 1e-7
    assert ("warnings" in response.json()) == warns
    if warns:
        assert "epsilon" in response.json()["warnings"][0]
