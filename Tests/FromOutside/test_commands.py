"""swa-server as a command: options and their layers, exit codes, signals, the port file."""

import json
import re
import signal
import socket
import subprocess

import numpy
import pytest
import safetensors.numpy

from server import EXECUTABLE, Client, environment
from tensors import encode, f32
from wire import Wire, until


def run(*arguments, env=None):
    return subprocess.run(
        [EXECUTABLE, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        env=env or environment(),
    )


def refused(*arguments, status=64, env=None):
    """What the command says when it refuses to run."""
    done = run(*arguments, env=env)
    assert done.returncode == status, (done.stdout, done.stderr)
    return done.stderr


def setting(name, *arguments, env=None):
    """The line of `config` for an option."""
    done = run("config", *arguments, env=env)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if re.match(rf"\W*{name}\b(?!-)", line)]
    return line


def refuses(server):
    """Whether a server takes no more connections."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", server.port)) != 0


def test_version():
    assert re.fullmatch(r"(swa-server )?\d+\.\d+\.\d+", run("--version").stdout.strip())


def test_help_tells_the_options_with_defaults():
    text = run("serve", "--help").stdout
    for option in ("--host", "--port", "--port-file", "--max-body-bytes", "--idle-timeout", "--config", "--insecure"):
        assert option in text
    assert "8080" in text and "SWA_" in text


def test_an_unknown_flag_is_64():
    assert "--prot" in refused("serve", "--prot", "1")


@pytest.mark.parametrize(
    "flag,value",
    [
        ("--port", "x"),
        ("--port", "65536"),
        ("--port", "-1"),
        ("--max-body-bytes", "many"),
        ("--idle-timeout", "soon"),
        ("--non-finite", "maybe"),
        ("--log-level", "loud"),
    ],
)
def test_a_bad_value_is_64_and_named(flag, value):
    assert flag in refused("serve", f"{flag}={value}")


def test_an_unknown_subcommand_is_64():
    refused("sreve")


def test_an_unknown_key_of_the_file_is_64(tmp_path):
    (tmp_path / "config.json").write_text('{"prot": 1}')
    told = refused("serve", "--config", tmp_path / "config.json")
    assert "prot" in told and "config.json" in told


@pytest.mark.parametrize("text", ["{", "[]", '{"port": "x"}', '{"port": 99999}'])
def test_a_bad_file_is_64(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    assert "config.json" in refused("serve", "--config", tmp_path / "config.json")


def test_a_file_that_is_not_there_is_said(tmp_path):
    done = run("serve", "--config", tmp_path / "nothing.json")
    assert done.returncode in (64, 74)
    assert "nothing.json" in done.stderr


def test_an_unknown_variable_is_64():
    assert "SWA_PROT" in refused("serve", env=environment(SWA_PROT="1"))


def test_a_bad_variable_is_64_and_named():
    assert "SWA_PORT" in refused("serve", env=environment(SWA_PORT="x"))


def test_variables_of_the_trainer_are_none_of_the_servers():
    assert run("config", env=environment(SWA_URL="http://localhost", SWA_TOKEN="x")).returncode == 0


def test_config_prints_where_each_value_came_from(tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"port": 1111, "max-workers": 7, "idle-timeout": 5, "allowed-host": ["file.example"]}))
    env = environment(SWA_PORT="2222", SWA_MAX_WORKERS="8", SWA_ALLOWED_HOST="a.example,b.example")
    flags = ("--config", str(file), "--port", "3333")
    assert "3333" in setting("port", *flags, env=env) and "flag" in setting("port", *flags, env=env)
    assert re.search(r"\b8\b.*SWA_MAX_WORKERS", setting("max-workers", *flags, env=env))
    assert re.search(r"\b5\b.*config\.json", setting("idle-timeout", *flags, env=env))
    hosts = setting("allowed-host", *flags, env=env)
    assert "a.example" in hosts and "b.example" in hosts and "file.example" not in hosts
    assert re.search(r"127\.0\.0\.1.*default", setting("host", *flags, env=env))


def test_config_prints_what_follows_from_other_options(tmp_path):
    assert re.search(r"\bnone +default", setting("durability"))
    kept = ("--data-dir", str(tmp_path / "data"))
    assert re.search(r"\bcheckpoint +default", setting("durability", *kept))
    journal = (*kept, "--durability", "journal")
    assert re.search(r"\bjournal +flag", setting("durability", *journal))
    assert "1 GiB, or 4 checkpoints" in setting("journal-max-bytes", *journal)
    assert re.search(r"\b9 MiB +flag", setting("journal-max-bytes", *journal, "--journal-max-bytes", "9MiB"))
    rounds = ("--aggregation", "sync", "--replicas", "2")
    assert re.search(r"sum, or mean with the rule Assign +default", setting("reduction", *rounds))
    assert re.search(r"\bmean +flag", setting("reduction", *rounds, "--reduction", "mean"))


def test_flags_win_over_variables_over_the_file(start, tmp_path):
    def limit(client):
        return client.put("/v1/weights", data=encode({"w": numpy.zeros(1000, "<f4")})).json()["detail"]

    file = tmp_path / "config.json"
    file.write_text('{"max-body-bytes": 111}')
    with Client(start("--config", str(file))) as client:
        assert "111" in limit(client)
    env = environment(SWA_MAX_BODY_BYTES="222")
    with Client(start("--config", str(file), env=env)) as client:
        assert "222" in limit(client)
    with Client(start("--config", str(file), "--max-body-bytes", "333", env=env)) as client:
        assert "333" in limit(client)


def test_a_port_in_use_is_69(server):
    told = refused("serve", "--port", str(server.port), status=69)
    assert str(server.port) in told


def test_all_addresses_need_insecure():
    assert "--insecure" in refused("serve", "--host", "0.0.0.0", "--port", "0")
    assert "--insecure" in refused("serve", "--host", "::", "--port", "0")


def test_insecure_listens_everywhere(start):
    with Client(start("--host", "0.0.0.0", "--insecure")) as client:
        assert client.get("/healthz").status_code == 200


def test_ipv6(tmp_path):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    port = tmp_path / "port"
    process = subprocess.Popen(
        [EXECUTABLE, "serve", "--host", "::1", "--port", "0", "--port-file", port], env=environment()
    )
    try:
        until(port.exists)
        with socket.create_connection(("::1", int(port.read_text()))) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0


def test_localhost_is_a_host(start):
    with Client(start("--host", "localhost")) as client:
        assert client.get("/healthz").status_code == 200


def test_the_port_file_holds_the_port_that_answers(server, client):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_a_port_file_that_cannot_be_written_is_74(tmp_path):
    refused("serve", "--port", "0", "--port-file", tmp_path / "nowhere" / "port", status=74)


def test_the_start_up_line_says_url_model_and_durability(server, client):
    client.get("/healthz")
    text = server.log.read_text()
    assert server.url in text
    assert "model" in text
    assert "memory" in text or "durability" in text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_with_0(server, client, number):
    client.get("/healthz")
    server.process.send_signal(number)
    assert server.process.wait(timeout=10) == 0


def test_a_request_under_way_is_finished(server, client):
    client.put("/v1/weights", data=encode({"w": f32(0)}))
    content = encode({"w": f32(1)})
    with Wire(server) as wire:
        wire.send(
            b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n"
            % len(content)
        )
        assert wire.answer("POST", "/v1/gradients").status == 100
        server.terminate()
        until(lambda: refuses(server))
        wire.send(content)
        answer = wire.answer("POST", "/v1/gradients")
        assert answer.status == 200
        assert answer.headers["Connection"] == "close"
    assert server.process.wait(timeout=10) == 0


def test_a_second_signal_exits_at_once(server, client):
    client.put("/v1/weights", data=encode({"w": f32(0)}))
    with Wire(server) as wire:
        wire.send(
            b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"
        )
        assert wire.answer("POST", "/v1/gradients").status == 100
        server.terminate()
        until(lambda: refuses(server))
        server.terminate()
        server.exit_status = 128 + signal.SIGTERM
        assert server.process.wait(timeout=5) == server.exit_status


def test_the_grace_ends(start):
    server = start("--shutdown-grace", "0.3")
    with Wire(server) as wire:
        wire.send(b"GET /healthz HTTP/1.1\r\n")
        with Client(server) as client:
            client.get("/healthz")
        server.terminate()
        assert server.process.wait(timeout=10) == 0


def test_initial_variables_come_from_a_file(start, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(encode({"w": f32(1, 2)}))
    with Client(start("--weights", str(tmp_path / "model.safetensors"))) as client:
        numpy.testing.assert_array_equal(safetensors.numpy.load(client.get("/v1/weights").content)["w"], f32(1, 2))
        assert client.status()["iterations"] == 0


def test_the_optimizer_comes_from_a_file(start, tmp_path):
    optimizer = {"class_name": "SGD", "config": {"learning_rate": 0.5, "momentum": 0.9}}
    (tmp_path / "optimizer.json").write_text(json.dumps(optimizer))
    with Client(start("--optimizer", str(tmp_path / "optimizer.json"))) as client:
        assert client.get("/v1/optimizer").json()["config"]["optimizer"]["config"]["momentum"] == 0.9


@pytest.mark.parametrize(
    "flag,content,told",
    [
        ("--weights", b"nonsense", "weights"),
        ("--optimizer", b'{"class_name":"SDG"}', "class_name"),
        ("--optimizer", b'{"class_name":"SGD","config":{"momentum":2}}', "momentum"),
        ("--optimizer", b"{", "given"),
    ],
)
def test_a_bad_file_of_weights_or_optimizer_is_64(tmp_path, flag, content, told):
    (tmp_path / "given").write_bytes(content)
    message = refused("serve", "--port", "0", flag, tmp_path / "given")
    assert told in message or "given" in message


@pytest.mark.parametrize("flag", ["--weights", "--optimizer"])
def test_a_missing_file_of_weights_or_optimizer_is_74(tmp_path, flag):
    assert "nothing" in refused("serve", "--port", "0", flag, tmp_path / "nothing", status=74)


def test_non_finite_gradients_may_be_accepted(start):
    with Client(start("--non-finite", "accept")) as client:
        client.put("/v1/weights", data=encode({"w": f32(1, 1)}))
        assert client.post("/v1/gradients", data=encode({"w": f32(numpy.nan, 1)})).status_code == 200
        assert numpy.isnan(safetensors.numpy.load(client.get("/v1/weights").content)["w"][0])


def test_readiness_ends_with_sigterm(server, client):
    client.put("/v1/weights", data=encode({"w": f32(0)}))
    content = encode({"w": f32(1)})
    with Wire(server) as holding, Wire(server) as asking:
        holding.send(
            b"POST /v1/gradients HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n"
            % len(content)
        )
        assert holding.answer("POST", "/v1/gradients").status == 100
        # A request whose head has begun is under way, so its connection outlives the signal.
        asking.send(b"GET /readyz HTTP/1.1\r\nHost: ")
        client.get("/healthz")
        server.terminate()
        until(lambda: refuses(server))
        asking.send(b"localhost\r\n\r\n")
        assert asking.answer("GET", "/readyz").status == 503
        holding.send(content)
        assert holding.answer("POST", "/v1/gradients").status == 200
    assert server.process.wait(timeout=10) == 0
