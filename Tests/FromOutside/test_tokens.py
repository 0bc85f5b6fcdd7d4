"""Tokens: who may do what, judged on the head."""

import hashlib
import re
import signal
import subprocess

import pytest

from server import EXECUTABLE, SPECIFICATION, Client, environment, problem
from tensors import encode, f32
from wire import Wire, until

ROLES = ("reader", "trainer", "admin")
TOKENS = {role: f"token-of-the-{role}-0123456789" for role in ROLES}
MODEL = {"variables": {"w": [1, 2, 3]}}


def line(role, token, label=None):
    return f"{role}:{hashlib.sha256(token.encode()).hexdigest()}" + (f":{label}" if label else "")


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def file(tmp_path):
    """A file with a token for each role."""
    path = tmp_path / "tokens"
    path.write_text("# who may do what\n\n" + "".join(f"{line(r, t, f'the {r}')}\n" for r, t in TOKENS.items()))
    return path


@pytest.fixture
def guarded(start, file):
    return start("--tokens", file)


@pytest.fixture
def clients(guarded):
    """A session for each role, and one without a token."""
    sessions = {role: Client(guarded) for role in (None, *ROLES)}
    for role, session in sessions.items():
        if role is not None:
            session.headers.update(bearer(TOKENS[role]))
    yield sessions
    for session in sessions.values():
        session.close()


def token_command(*arguments):
    return subprocess.run(
        [EXECUTABLE, "token", *arguments], capture_output=True, text=True, timeout=30, env=environment()
    )


def refused(*arguments):
    """What a server says that refuses to start with status 64."""
    done = subprocess.run(
        [EXECUTABLE, "serve", "--port", "0", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(),
    )
    assert done.returncode == 64, (done.stdout, done.stderr)
    return done.stderr


def filled(path):
    return re.sub(r"\{\w+\}", "average", path)


def needed(method, path):
    """The least role that the specification names for an operation; None where nobody is asked."""
    schemes = SPECIFICATION.document["paths"][path][method.lower()].get("security", [])
    roles = [role for scheme in schemes for role in scheme.get("token", [])]
    return roles[0] if roles else None


# What each role may do is a promise to operators: a change of it is to be made here as well.
EXPECTED = {
    "reader": {
        ("GET", "/v1/status"),
        ("GET", "/v1/trainers"),
        ("GET", "/v1/variables"),
        ("GET", "/v1/weights"),
        ("GET", "/v1/weights/averaged"),
        ("GET", "/v1/optimizer"),
        ("GET", "/v1/optimizer/weights"),
        ("GET", "/v1/optimizer/slots"),
        ("GET", "/v1/optimizer/slots/{slot}"),
    },
    "trainer": {("POST", "/v1/gradients"), ("PUT", "/v1/weights/averaged")},
}
OPEN = {"/", "/healthz", "/readyz", "/openapi.yaml"}


def test_each_role_may_do_what_it_may_and_no_more(clients):
    for method, path in SPECIFICATION.operations():
        least = needed(method, path)
        told = f"{method} {path}"
        assert (least is None) == (path in OPEN or method == "OPTIONS"), f"{told}: an operation names its role"
        for role, session in clients.items():
            response = session.request(method, filled(path))
            if least is not None and role is None:
                assert response.status_code == 401, told
                assert response.headers["WWW-Authenticate"] == 'Bearer realm="swa-server"'
            elif least is not None and ROLES.index(role) < ROLES.index(least):
                assert response.status_code == 403, told
                if method != "HEAD":
                    assert problem(response, 403, "forbidden")["allowed"] == list(ROLES[ROLES.index(least) :])
            else:
                assert response.status_code not in (401, 403), told


def test_readers_and_trainers_have_no_role_beyond_the_promise():
    for method, path in SPECIFICATION.operations():
        if (least := needed(method, path)) and method not in ("HEAD", "OPTIONS"):
            promised = [role for role, operations in EXPECTED.items() if (method, path) in operations]
            if method != "GET":
                assert [least] == (promised or ["admin"]), (method, path)
    for role, operations in EXPECTED.items():
        for method, path in operations & set(SPECIFICATION.operations()):
            assert needed(method, path) == role, (method, path)


def test_a_trainer_creates_the_model_and_does_not_replace_it(clients):
    create = {"If-None-Match": "*"}
    problem(clients["reader"].put("/v1/weights", json=MODEL, headers=create), 403, "forbidden")
    problem(clients["trainer"].put("/v1/weights", json=MODEL), 403, "forbidden")
    problem(clients["trainer"].put("/v1/weights", json=MODEL, headers={"If-None-Match": '"x"'}), 403, "forbidden")
    assert clients["trainer"].put("/v1/weights", json=MODEL, headers=create).status_code == 201
    problem(clients["trainer"].put("/v1/weights", json=MODEL, headers=create), 412, "precondition-failed")
    problem(clients["trainer"].put("/v1/weights", json=MODEL), 403, "forbidden")
    assert clients["admin"].put("/v1/weights", json=MODEL).status_code == 200


def test_refusals_change_nothing(clients):
    clients["admin"].put("/v1/weights", json=MODEL)
    before = clients["reader"].state()
    push = {"gradients": {"w": [1, 1, 1]}}
    problem(clients[None].post("/v1/gradients", json=push), 401, "unauthorized")
    problem(clients["reader"].post("/v1/gradients", json=push), 403, "forbidden")
    problem(clients["trainer"].delete("/v1/weights"), 403, "forbidden")
    assert clients["reader"].state() == before
    assert clients["trainer"].post("/v1/gradients", json=push).json()["iterations"] == 1


@pytest.mark.parametrize(
    "value",
    [
        "Bearer wrong",
        f"Bearer {TOKENS['admin']}x",
        f"Bearer {TOKENS['admin'][:-1]}",
        f"Bearer {TOKENS['admin'].upper()}",
        f"Bearer {hashlib.sha256(TOKENS['admin'].encode()).hexdigest()}",
        f"Bearer {TOKENS['admin']}, Bearer {TOKENS['admin']}",
        "Bearer",
        "Bearer ",
        "",
        TOKENS["admin"],
        f"Basic {TOKENS['admin']}",
        f"Token {TOKENS['admin']}",
        "Bearer " + "x" * 20_000,
    ],
)
def test_another_authorization_is_401(clients, value):
    response = clients[None].get("/v1/status", headers={"Authorization": value})
    document = problem(response, 401, "unauthorized")
    assert TOKENS["admin"] not in response.text and "Bearer" in response.headers["WWW-Authenticate"]
    assert document["field"] == "Authorization"


def test_two_authorizations_are_401(guarded):
    with Wire(guarded) as wire:
        field = f"Authorization: Bearer {TOKENS['admin']}\r\n".encode()
        wire.send(b"GET /v1/status HTTP/1.1\r\nHost: x\r\n" + field + field + b"\r\n")
        assert wire.answer("GET", "/v1/status").status == 401


def test_the_scheme_is_read_without_regard_to_case(clients):
    for scheme in ("bearer", "BEARER", "Bearer "):
        headers = {"Authorization": f"{scheme} {TOKENS['reader']}"}
        assert clients[None].get("/v1/status", headers=headers).status_code == 200


def test_it_is_judged_before_100_and_before_the_content(guarded):
    for token, status in ((None, 401), (TOKENS["reader"], 403)):
        field = f"Authorization: Bearer {token}\r\n" if token else ""
        head = (
            f"POST /v1/gradients HTTP/1.1\r\nHost: x\r\n{field}Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n"
        )
        with Wire(guarded) as wire:
            wire.send(head.encode())
            answer = wire.answer("POST", "/v1/gradients")
            assert answer.status == status
            assert answer.headers["Connection"] == "close"
            wire.finish()
            assert wire.is_closed()


def test_the_place_in_the_order_of_refusals(clients):
    nobody = clients[None]
    problem(nobody.get("/v1/nothing"), 404, "not-found")
    problem(nobody.post("/v1/status"), 405, "method-not-allowed")
    problem(nobody.get("/v1/status?x=1"), 400, "unknown-parameter")
    # No model, no average, a type that is not taken: not for strangers.
    for method, path in (("GET", "/v1/weights"), ("DELETE", "/v1/weights"), ("POST", "/v1/weights/averaged/assign")):
        problem(nobody.request(method, path), 401, "unauthorized")
    headers = {"Content-Type": "text/plain", "Sec-Fetch-Site": "cross-site"}
    problem(nobody.post("/v1/gradients", data=b"x", headers=headers), 403, "forbidden-origin")
    del headers["Sec-Fetch-Site"]
    problem(nobody.post("/v1/gradients", data=b"x", headers=headers), 401, "unauthorized")
    problem(clients["trainer"].get("/v1/weights"), 404, "no-model")


def test_with_tokens_any_host_will_do_and_without_none_but_localhost(clients, start):
    headers = {"Host": "swa.example.com"}
    assert clients["reader"].get("/v1/status", headers=headers).status_code == 200
    problem(clients[None].get("/v1/status", headers=headers), 401, "unauthorized")
    with Client(start()) as client:
        problem(client.get("/v1/status", headers=headers), 421, "misdirected")


def test_without_tokens_an_authorization_is_ignored(start):
    with Client(start()) as client:
        assert client.get("/v1/status", headers=bearer("anything")).status_code == 200


def test_weights_are_private_with_tokens_alone(clients, start):
    clients["admin"].put("/v1/weights", json=MODEL)
    clients["trainer"].post("/v1/gradients", json={"gradients": {"w": [1, 1, 1]}})
    paths = ("/v1/weights", "/v1/weights/averaged", "/v1/optimizer/weights")
    for path in paths:
        assert clients["reader"].get(path).headers["Cache-Control"] == "private, no-cache"
    with Client(start()) as client:
        client.put("/v1/weights", json=MODEL)
        client.post("/v1/gradients", json={"gradients": {"w": [1, 1, 1]}})
        for path in paths:
            assert client.get(path).headers["Cache-Control"] == "no-cache"


def test_sighup_reads_them_again_and_keeps_the_old_ones_when_it_cannot(guarded, file, clients):
    new = "a-new-token-of-an-admin"
    file.write_text(line("admin", new) + "\n" + line("reader", TOKENS["trainer"]) + "\n")
    assert clients["admin"].get("/v1/status").status_code == 200
    guarded.process.send_signal(signal.SIGHUP)
    until(lambda: clients[None].get("/v1/status", headers=bearer(new)).status_code == 200)
    # Of the connections that were open before, too.
    problem(clients["admin"].get("/v1/status"), 401, "unauthorized")
    problem(clients["trainer"].post("/v1/gradients"), 403, "forbidden")
    for text in ("trainer:abc\n", "", "# nothing\n", "\xff"):
        before = guarded.log.read_text().count("stay as they were")
        file.write_bytes(text.encode("latin-1"))
        guarded.process.send_signal(signal.SIGHUP)
        until(lambda: guarded.log.read_text().count("stay as they were") == before + 1)
        assert clients[None].get("/v1/status", headers=bearer(new)).status_code == 200
    file.unlink()
    guarded.process.send_signal(signal.SIGHUP)
    until(lambda: "no such file" in guarded.log.read_text())
    assert clients[None].get("/v1/status", headers=bearer(new)).status_code == 200


@pytest.mark.parametrize(
    "text,told",
    [
        ("reader", "line 1"),
        ("# x\n\nreader", "line 3"),
        ("root:" + "0" * 64, "line 1: the role must be reader, trainer or admin"),
        ("none:" + "0" * 64, "line 1: the role must be reader, trainer or admin"),
        ("reader:" + "0" * 63, "line 1"),
        ("reader:" + "0" * 65, "line 1"),
        ("reader:" + "g" * 64, "line 1"),
        ("reader:" + "0" * 64 + ":", "line 1: a label"),
        ("reader:" + "0" * 64 + ":" + "x" * 101, "line 1: a label"),
        ("reader:" + "0" * 64 + "\nadmin:" + "0" * 64, "line 2: the same token as in line 1"),
        ("", "swa-server token"),
        ("# nothing but this", "swa-server token"),
        ("\udcff", "UTF-8"),
    ],
)
def test_a_bad_file_is_64_with_the_line(tmp_path, text, told):
    path = tmp_path / "bad-tokens"
    path.write_text(text, errors="surrogateescape")
    message = refused("--tokens", path)
    assert "bad-tokens" in message and told in message


def test_a_token_in_place_of_its_digest_is_not_shown(tmp_path):
    path = tmp_path / "tokens"
    for text in ("secret-token-1", "admin:secret-token-1", "secret-token-1:admin", "secret-token-1:" + "0" * 64):
        path.write_text(text)
        assert "secret" not in refused("--tokens", path)


def test_lines_may_end_in_crlf_and_digests_be_in_capitals(start, tmp_path):
    path = tmp_path / "tokens"
    path.write_bytes(b"# x\r\n" + line("reader", "abc").replace("reader:", "").upper().join(("reader:", "\r\n")).encode())
    with Client(start("--tokens", path)) as client:
        assert client.get("/v1/status", headers=bearer("abc")).status_code == 200


def test_tokens_let_it_listen_everywhere(start, file):
    with Client(start("--host", "0.0.0.0", "--tokens", file)) as client:
        assert client.get("/v1/status", headers=bearer(TOKENS["reader"])).status_code == 200
        problem(client.get("/v1/status"), 401, "unauthorized")


@pytest.mark.parametrize("role", ROLES)
def test_the_command_makes_a_token_and_its_line(start, tmp_path, role):
    done = token_command(role, "the lab")
    assert (done.returncode, done.stderr) == (0, "")
    token, entry = done.stdout.splitlines()
    assert re.fullmatch(r"[0-9a-f]{64}", token)
    assert entry == line(role, token, "the lab")
    assert token_command(role).stdout.splitlines()[0] != token
    path = tmp_path / "tokens"
    path.write_text(entry + "\n")
    with Client(start("--tokens", path)) as client:
        assert client.get("/v1/status", headers=bearer(token)).status_code == 200
        for least, method, target in (("trainer", "POST", "/v1/gradients"), ("admin", "DELETE", "/v1/weights")):
            may = ROLES.index(role) >= ROLES.index(least)
            assert (client.request(method, target, headers=bearer(token)).status_code != 403) == may


@pytest.mark.parametrize("arguments", [(), ("root",), ("none",), ("admin", "two\nlines"), ("admin", ""), ("a", "b", "c")])
def test_the_command_refuses_with_64(arguments):
    assert token_command(*arguments).returncode == 64


def test_no_token_is_ever_logged(start, file):
    server = start("--tokens", file, "--log-level", "trace")
    with Client(server) as client:
        for token in (*TOKENS.values(), "a-wrong-secret-token"):
            client.get("/v1/status", headers=bearer(token))
            client.put("/v1/weights", data=encode({"w": f32(1)}), headers=bearer(token))
            client.get("/v1/weights", headers={"Authorization": token})
    with Wire(server) as wire:
        wire.send(f"GET / HTTP/1.1\r\nAuthorization: Bearer {TOKENS['admin']}\r\nbad line\r\n\r\n".encode())
        assert wire.answer("GET", None).status == 400
    server.process.send_signal(signal.SIGHUP)
    until(lambda: "read the tokens again" in server.log.read_text())
    server.stop()
    log = server.log.read_text()
    assert "/v1/weights" in log
    for token in (*TOKENS.values(), "a-wrong-secret-token"):
        assert token not in log and hashlib.sha256(token.encode()).hexdigest() not in log
