"""What keeps pages of other sites away from a server on one's own machine."""

import pytest

from server import Client, problem
from tensors import encode, f32
from wire import Wire

WRITES = [("PUT", "/v1/weights"), ("DELETE", "/v1/weights"), ("POST", "/v1/gradients"), ("PATCH", "/v1/optimizer")]


@pytest.mark.parametrize("method,path", WRITES)
def test_a_cross_site_write_is_403(client, method, path):
    response = client.request(method, path, headers={"Sec-Fetch-Site": "cross-site"})
    problem(response, 403, "forbidden-origin")


@pytest.mark.parametrize("sites", [("cross-site", "none"), ("none", "cross-site"), ("none, cross-site",)])
def test_of_several_sites_each_counts(server, sites):
    with Wire(server) as wire:
        fields = "".join(f"Sec-Fetch-Site: {site}\r\n" for site in sites)
        wire.send(f"DELETE /v1/weights HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n".encode())
        assert wire.answer("DELETE", "/v1/weights").status == 403


@pytest.mark.parametrize("site", ["same-origin", "same-site", "none"])
def test_other_values_of_sec_fetch_site_pass(client, site):
    headers = {"Sec-Fetch-Site": site}
    assert client.put("/v1/weights", data=encode({"w": f32(1)}), headers=headers).status_code == 201


@pytest.mark.parametrize("method,path", WRITES)
@pytest.mark.parametrize("origin", ["https://example.com", "null", "http://localhost:1", "http://127.0.0.1", "localhost"])
def test_a_write_from_another_origin_is_403(client, method, path, origin):
    problem(client.request(method, path, headers={"Origin": origin}), 403, "forbidden-origin")


def test_a_write_from_the_servers_own_origin_passes(client, server):
    headers = {"Origin": server.url}
    assert client.put("/v1/weights", data=encode({"w": f32(1)}), headers=headers).status_code == 201
    headers = {"Origin": f"http://LOCALHOST:{server.port}", "Host": f"localhost:{server.port}"}
    assert client.put("/v1/weights", data=encode({"w": f32(1)}), headers=headers).status_code == 200


def test_reading_passes_and_shows_nothing_to_other_sites(client):
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://example.com"}
    for response in (client.get("/v1/status", headers=headers), client.options("/v1/weights", headers=headers)):
        assert response.ok
        assert not [name for name in response.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize(
    "host", ["example.com", "example.com:8080", "localhost.example.com", "notlocalhost", "1.2.3.4.example.com"]
)
def test_a_host_by_another_name_is_421(client, host):
    document = problem(client.get("/v1/status", headers={"Host": host}), 421, "misdirected")
    assert "--allowed-host" in document["detail"]


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:9", "a.localhost", "127.0.0.1", "10.1.2.3:80", "[::1]", "[::1]:8080", "[2001:db8::1]"],
)
def test_localhost_and_addresses_pass(client, host):
    assert client.get("/v1/status", headers={"Host": host}).status_code == 200


def test_an_allowed_host_passes(start):
    with Client(start("--allowed-host", "example.com", "--allowed-host", "other.example")) as client:
        for host in ("example.com", "Example.Com:8080", "other.example"):
            assert client.get("/v1/status", headers={"Host": host}).status_code == 200
        problem(client.get("/v1/status", headers={"Host": "third.example"}), 421, "misdirected")


def test_http_1_0_without_host_passes(server):
    with Wire(server) as wire:
        wire.send(b"GET /v1/status HTTP/1.0\r\n\r\n")
        assert wire.answer("GET", "/v1/status").status == 200
