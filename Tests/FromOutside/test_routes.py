"""The routes of the running server against those of openapi.yaml."""

import re

import pytest

from server import SPECIFICATION, problem, ready
from specification import FILE
from wire import Wire

ALL_METHODS = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS")
PATHS = list(SPECIFICATION.document["paths"])


def filled(path):
    """A path of this template."""
    return path.replace("{slot}", "average")


@pytest.mark.parametrize("method,path", list(SPECIFICATION.operations()))
def test_every_listed_operation_is_there(client, method, path):
    response = client.request(method, filled(path))
    assert response.status_code != 405
    if response.status_code == 404 and method != "HEAD":
        assert response.json()["type"] != "/problems/not-found"


@pytest.mark.parametrize("path", PATHS)
def test_options_lists_the_methods(client, path):
    response = client.options(filled(path))
    assert response.status_code == 204
    assert set(response.headers["Allow"].split(", ")) == SPECIFICATION.allowed(path)


@pytest.mark.parametrize("path", PATHS)
def test_other_methods_are_405_with_allow(client, path):
    for method in set(ALL_METHODS) - SPECIFICATION.allowed(path):
        response = client.request(method, filled(path))
        assert response.status_code == 405, (method, path)
        assert set(response.headers["Allow"].split(", ")) == SPECIFICATION.allowed(path)


def test_unknown_method_is_refused(client):
    assert client.request("BREW", "/v1/weights").status_code in (405, 501)


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v2/status", "/v1/weights/", "/v1/weightsx", "/x", "//v1/status"])
def test_unknown_path_is_404(client, path):
    problem(client.get(path), 404, "not-found")


def test_the_text_at_the_root_lists_the_operations_of_the_specification(client):
    listed = set(re.findall(r"^([A-Z]+) (/\S*)$", client.get("/").text, re.MULTILINE))
    assert listed == {o for o in SPECIFICATION.operations() if o[0] not in ("HEAD", "OPTIONS")}


def test_the_specification_served_is_the_file(client):
    response = client.get("/openapi.yaml")
    assert response.content == FILE.read_bytes()


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/openapi.yaml"])
def test_pages_for_people_and_probes_ignore_the_query(client, path):
    assert client.get(path + "?x=1&x=2").status_code == 200


@pytest.mark.parametrize(
    "method,path", [o for o in SPECIFICATION.operations() if o[1].startswith("/v1/") and o[0] != "OPTIONS"]
)
def test_unknown_query_parameter_is_400_and_lists_the_known(client, method, path):
    response = client.request(method, filled(path) + "?surprise=1")
    assert response.status_code == 400
    if method != "HEAD":
        assert "surprise" in problem(response, 400, "unknown-parameter")["detail"]


def test_a_typing_error_in_dry_run_is_named(client):
    document = problem(client.post("/v1/gradients?dryrun=true", json={"gradients": {}}), 400, "unknown-parameter")
    assert "dryrun" in document["detail"] and "dry_run" in document["detail"]


def test_repeated_query_parameter_is_400(client):
    problem(client.get("/v1/weights?format=json&format=json"), 400, "unknown-parameter")


@pytest.mark.parametrize("query", ["format=xml", "format=", "format"])
def test_unknown_format_is_400(client, query):
    client.put("/v1/weights", json={"variables": {"w": [1]}})
    document = problem(client.get("/v1/weights?" + query), 400, "unknown-parameter")
    assert "safetensors" in document["detail"] and "json" in document["detail"]


def test_options_for_the_whole_server(server):
    with Wire(server) as wire:
        wire.send(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = wire.answer("OPTIONS", None)
        assert answer.status == 204
        assert set(answer.headers["Allow"].split(", ")) >= {"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"}


def test_the_state_without_a_model(client):
    assert client.get("/v1/variables").json() == []
    assert client.get("/v1/trainers").json() == []
    assert client.status()["model_epoch"] is None
    for path in ("/v1/weights", "/v1/weights/averaged"):
        problem(client.get(path), 404, "no-model")
        problem(client.delete(path), 404, "no-model")
    problem(client.post("/v1/gradients", json={"gradients": {"w": [1]}}), 409, "no-model")
    problem(client.post("/v1/weights/averaged/assign"), 409, "no-model")
    assert client.get("/v1/optimizer").status_code == 200
    for path in ("/v1/optimizer/weights", "/v1/optimizer/slots/average"):
        problem(client.get(path), 404, "no-model")
    problem(client.put("/v1/optimizer/weights", data=b""), 409, "no-model")


def test_head_is_get_without_content(start, tmp_path):
    with ready(start("--data-dir", str(tmp_path / "data"))) as client:
        client.put("/v1/weights", json={"variables": {"w": [1, 2]}})
        client.post("/v1/gradients", json={"gradients": {"w": [1, 2]}})
        checkpoint = client.post("/v1/checkpoints").json()["id"]
        for method, path in SPECIFICATION.operations():
            if method == "HEAD" and path != "/v1/status":
                path = filled(path).replace("{id}", checkpoint)
                get, head = client.get(path), client.head(path)
                assert head.status_code == get.status_code == 200, path
                for response in (get, head):
                    del response.headers["Date"]
                assert head.headers == get.headers, path
