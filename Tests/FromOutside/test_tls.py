"""TLS: what is spoken, who is let in, and what a client can do to the server that goes about it wrong."""

import concurrent.futures
import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import numpy
import pytest
import safetensors.numpy

from certificates import Authority, openssl
from server import EXECUTABLE, Client, Server, environment, long, problem
from tensors import encode, f32
from test_tokens import TOKENS, bearer, line
from wire import Wire, until

TRAINER = os.path.join(os.path.dirname(EXECUTABLE), "swa-trainer")
MODEL = {"variables": {"w": [1, 2, 3]}}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """An authority that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")


@pytest.fixture(scope="module")
def identity(authority):
    """The options of a server that speaks TLS."""
    certificate, key = authority.sign("server")
    return ("--tls-cert", certificate, "--tls-key", key)


@pytest.fixture
def secure(start, identity):
    """Starts servers that speak TLS."""

    def start_secure(*arguments):
        server = start(*identity, *arguments)
        server.url = server.url.replace("http:", "https:")
        return server

    return start_secure


@pytest.fixture
def server(secure):
    return secure()


def session(server, authority, cert=None, **headers):
    client = Client(server)
    client.verify = str(authority.certificate)
    client.cert = cert and tuple(map(str, cert))
    client.headers.update(headers)
    return client


@pytest.fixture
def client(server, authority):
    with session(server, authority) as client:
        yield client


@pytest.fixture
def context(authority):
    """What a client of Python's ssl needs."""
    return ssl.create_default_context(cafile=authority.certificate)


def connect(server, context, **arguments):
    """A TLS connection."""
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    return context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False, **arguments)


class SecureWire(Wire):
    """Literal bytes under TLS."""

    def __init__(self, server, context, **arguments):
        self.socket = connect(server, context, **arguments)
        self.buffer = b""


GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def is_alive(server, context):
    with SecureWire(server, context) as wire:
        wire.send(GET)
        return wire.answer("GET", "/healthz").status == 200


def threads(server):
    status = open(f"/proc/{server.process.pid}/status").read()
    return int(re.search(r"^Threads:\s+(\d+)", status, re.MULTILINE)[1])


def resident_kib(server):
    status = open(f"/proc/{server.process.pid}/status").read()
    return int(re.search(r"^VmRSS:\s+(\d+)", status, re.MULTILINE)[1])


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


# What is spoken


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_with_forward_secrecy_and_no_compression(server, context, version):
    context.minimum_version = context.maximum_version = version
    with SecureWire(server, context) as wire:
        wire.send(GET)
        assert wire.answer("GET", "/healthz").status == 200
        name, spoken, _ = wire.socket.cipher()
        assert wire.socket.version() == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]
        assert name.startswith(("ECDHE-", "TLS_")) and ("GCM" in name or "CHACHA20" in name)
        assert wire.socket.compression() is None


@pytest.mark.parametrize("arguments", [("-tls1_1",), ("-tls1",), ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256")])
def test_what_is_old_is_refused(server, context, arguments):
    where = f"127.0.0.1:{server.port}"
    command = ["openssl", "s_client", "-connect", where, "-cipher", "ALL:@SECLEVEL=0", *arguments]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    assert "Cipher is (NONE)" in done.stdout
    assert is_alive(server, context)


@pytest.mark.parametrize("offered,selected", [(["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), ([], None)])
def test_alpn_selects_http_1_1(server, context, offered, selected):
    if offered:
        context.set_alpn_protocols(offered)
    with SecureWire(server, context) as wire:
        assert wire.socket.selected_alpn_protocol() == selected
        wire.send(GET)
        assert wire.answer("GET", "/healthz").status == 200


def test_who_speaks_another_protocol_is_told_so(server, context):
    context.set_alpn_protocols(["h2", "http/1.0", "http/1.11"])
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        connect(server, context)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_resume(server, context, version):
    context.minimum_version = context.maximum_version = version
    kept = None
    for _ in range(3):
        with SecureWire(server, context, session=kept) as wire:
            wire.send(GET)
            assert wire.answer("GET", "/healthz").status == 200
            assert wire.socket.session_reused == (kept is not None)
            kept = wire.socket.session


def test_renegotiation_is_refused(server, context):
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_2"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        process.stdin.write(b"R\n")
        process.stdin.flush()
        output, _ = process.communicate(timeout=30)
    assert b"RENEGOTIATING" in output and b"no renegotiation" in output
    assert is_alive(server, context)


def test_curl(server, authority, tmp_path):
    arguments = ["--cacert", authority.certificate, "--noproxy", "*", "-sS"]
    url = f"https://localhost:{server.port}"
    (tmp_path / "model").write_bytes(encode({"w": f32([1, 2, 3])}))
    subprocess.run(["curl", "-fT", tmp_path / "model", *arguments, f"{url}/v1/weights"], check=True, timeout=30)
    command = ["curl", "-f", "-X", "POST", "-T", tmp_path / "model", *arguments, f"{url}/v1/gradients"]
    assert b'"iterations":1' in subprocess.run(command, check=True, capture_output=True, timeout=30).stdout
    untrusting = subprocess.run(["curl", "--noproxy", "*", "-sS", url], capture_output=True, text=True, timeout=30)
    assert untrusting.returncode == 60
    assert f"https://127.0.0.1:{server.port}" in server.log.read_text()


def test_an_absolute_target_may_be_an_https_uri(server, context):
    with SecureWire(server, context) as wire:
        wire.send(b"GET https://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.answer("GET", "/healthz").status == 200


# Bytes


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_large_bodies_come_back_as_they_went(server, authority, version):
    generator = numpy.random.default_rng(7)
    weights = {f"w{i}": generator.normal(size=size).astype("float32") for i, size in enumerate((1, 5_000_000, 70_001))}
    body = safetensors.numpy.save(weights)

    def chunks():
        for start in range(0, len(body), 70_001):
            yield body[start : start + 70_001]

    with session(server, authority) as client:
        assert client.put("/v1/weights", data=body).status_code == 201
        got = safetensors.numpy.load(client.get("/v1/weights").content)
        assert all((got[name] == weights[name]).all() for name in weights)
        assert client.post("/v1/gradients", data=chunks(), headers={"Prefer": "return=minimal"}).status_code == 204
        with client.get("/v1/weights", stream=True) as slow:
            assert slow.status_code == 200


def test_a_slow_reader_gets_every_byte(server, context, client):
    generator = numpy.random.default_rng(8)
    body = safetensors.numpy.save({"w": generator.normal(size=3_000_000).astype("float32")})
    client.put("/v1/weights", data=body)
    expected = client.get("/v1/weights").content
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    plain.settimeout(30)
    plain.connect(("127.0.0.1", server.port))
    with context.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(b"GET /v1/weights HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = bytearray()
        while piece := connection.recv(50_000):
            answer += piece
            if len(answer) < 4_000_000:
                time.sleep(0.002)
    assert bytes(answer).split(b"\r\n\r\n", 1)[1] == expected


def test_requests_in_one_record_and_a_request_in_a_record_a_byte(server, context):
    with SecureWire(server, context) as wire:
        wire.send(GET * 100)
        for _ in range(100):
            assert wire.answer("GET", "/healthz").status == 200
        for byte in GET:
            wire.send(bytes([byte]))
        assert wire.answer("GET", "/healthz").status == 200


def test_expect_100_continue(server, context):
    body = encode({"w": f32([1, 2, 3])})
    head = f"PUT /v1/weights HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    with SecureWire(server, context) as wire:
        wire.send(head.encode())
        assert wire.answer("PUT", "/v1/weights").status == 100
        wire.send(body)
        assert wire.answer("PUT", "/v1/weights").status == 201


def test_an_early_refusal_of_a_large_body_is_read_and_no_reset(server, authority, context):
    body = b"x" * 3_000_000
    head = f"PUT /v1/weights HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nContent-Type: text/plain\r\n\r\n"
    with SecureWire(server, context) as wire:
        wire.send(head.encode() + body[:500_000])
        assert wire.answer("PUT", "/v1/weights").status == 415
        assert wire.is_closed()


def test_the_end_is_told_by_close_notify(server, context, secure):
    # Python raises SSLEOFError at an end without it.
    with SecureWire(server, context) as wire:
        wire.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        wire.answer("GET", "/healthz")
        assert wire.is_closed()
    impatient = secure("--idle-timeout", "0.2")
    with SecureWire(impatient, context) as wire:
        wire.send(GET)
        wire.answer("GET", "/healthz")
        assert wire.is_closed()
    with SecureWire(server, context) as wire:
        wire.send(GET)
        wire.answer("GET", "/healthz")
        server.terminate()
        assert wire.is_closed()
    assert server.process.wait(timeout=30) == 0


@long
def test_threads_may_end_while_the_process_does(tmp_path, identity, context):
    # Each thread frees what OpenSSL kept for it; when the process freed that too, one stop of some hundred crashed.
    head = b"PUT /v1/weights HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 400000\r\n\r\n"
    half = b"x" * 200_000

    def run(number):
        directory = tmp_path / str(number)
        directory.mkdir()
        server = Server(directory, *identity)
        with contextlib.ExitStack() as stack:
            stack.callback(server.process.kill)
            wires = [stack.enter_context(SecureWire(server, context)) for _ in range(16)]
            # Comes before the connections' end, so that their threads are there.
            stack.callback(server.stop)
            for wire in wires:
                wire.send(head + half)
            for wire in wires:
                wire.send(half)
                assert wire.answer("PUT", "/v1/weights").status == 400

    # Several at a time, so that a thread is interrupted where it rarely is.
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(run, range(600)))


def test_a_client_that_has_ended_its_direction_reads_its_answer(server, context):
    # MemoryBIO, since Python's sockets can't send close_notify and go on reading.
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:

        def run(step):
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    plain.sendall(outgoing.read())
                    incoming.write(plain.recv(65536))

        run(connection.do_handshake)
        connection.write(GET)
        try:
            connection.unwrap()
        except ssl.SSLWantReadError:
            pass
        plain.sendall(outgoing.read())
        plain.shutdown(socket.SHUT_WR)
        received = b""
        while piece := plain.recv(65536):
            received += piece
        # The answer's record, and close_notify behind it.
        assert len(received) > 100


# Who is let in


def test_mutual_tls_lets_only_certificates_of_the_authority_in(secure, authority, stranger, context):
    server = secure("--tls-client-ca", authority.certificate)
    with pytest.raises(ssl.SSLError):
        with connect(server, context) as connection:
            connection.sendall(GET)
            connection.recv(1)
    context.load_cert_chain(*stranger.sign("liar"))
    with pytest.raises(ssl.SSLError):
        with connect(server, context) as connection:
            connection.sendall(GET)
            connection.recv(1)
    context.load_cert_chain(*authority.sign("trainer"))
    assert is_alive(server, context)


def test_a_client_without_a_certificate_is_told_why(secure, authority):
    server = secure("--tls-client-ca", authority.certificate)
    command = ["curl", "-sS", "--cacert", authority.certificate, "--noproxy", "*", f"{server.url}/healthz"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and "certificate required" in done.stderr


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_gives_role_trainer_when_its_session_resumes_too(secure, authority, context, version):
    server = secure("--tls-client-ca", authority.certificate)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(*authority.sign("trainer"))
    kept = None
    for _ in range(2):
        with SecureWire(server, context, session=kept) as wire:
            wire.send(b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert wire.answer("GET", "/v1/status").status == 200
            wire.send(b"DELETE /v1/weights HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert wire.answer("DELETE", "/v1/weights").status == 403
            assert wire.socket.session_reused == (kept is not None)
            kept = wire.socket.session


def test_a_certificate_and_a_token(secure, authority, tmp_path):
    path = tmp_path / "tokens"
    path.write_text("\n".join(line(role, token) for role, token in TOKENS.items()))
    server = secure("--tls-client-ca", authority.certificate, "--tokens", path)
    with session(server, authority, authority.sign("trainer", subject="/O=Lab/CN=trainer é")) as client:
        create = {"If-None-Match": "*"}
        assert client.put("/v1/weights", json=MODEL, headers=create).status_code == 201
        assert client.post("/v1/gradients", json={"gradients": {"w": [1, 1, 1]}}).status_code == 200
        problem(client.delete("/v1/weights"), 403, "forbidden")
        push = {"json": {"gradients": {"w": [1, 1, 1]}}}
        problem(client.post("/v1/gradients", headers=bearer(TOKENS["reader"]), **push), 403, "forbidden")
        problem(client.post("/v1/gradients", headers=bearer("unknown"), **push), 401, "unauthorized")
        assert client.delete("/v1/weights", headers=bearer(TOKENS["admin"])).status_code == 204
    assert "nobody is admin" not in server.log.read_text()


def test_certificates_alone_leave_nobody_admin_which_is_said(secure, authority):
    server = secure("--tls-client-ca", authority.certificate, "--host", "0.0.0.0")
    assert "nobody is admin" in server.log.read_text()
    with session(server, authority, authority.sign("trainer")) as client:
        problem(client.put("/v1/weights", json=MODEL), 403, "forbidden")
        problem(client.get("/v1/status", headers={"Host": "swa.example.com"}), 421, "misdirected")
        response = client.put("/v1/weights", json=MODEL, headers={"If-None-Match": "*"})
        assert response.status_code == 201
        assert client.get("/v1/weights").headers["Cache-Control"] == "private, no-cache"


# Files


def refused(*arguments, status=64):
    command = [EXECUTABLE, "serve", "--port", "0", *arguments]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, env=environment()
    )
    assert done.returncode == status, (done.stdout, done.stderr)
    return done.stderr


def test_bad_files_are_64_and_named(authority, stranger, tmp_path):
    certificate, key = authority.sign("good")
    _, other_key = authority.sign("other")
    empty, garbage, broken, locked, both = (tmp_path / name for name in ("empty", "garbage", "broken", "locked", "both"))
    empty.write_text("")
    garbage.write_bytes(os.urandom(5000))
    text = certificate.read_text().splitlines()
    broken.write_text("\n".join([text[0], "AAAA" + text[1][4:], *text[2:]]) + "\n")
    openssl("ec", "-in", key, "-aes256", "-passout", "pass:x", "-out", locked)
    both.write_text(certificate.read_text() + broken.read_text())

    def told(certificate, key, *more):
        return refused("--tls-cert", certificate, "--tls-key", key, *more)

    assert "other.key holds the private key of another certificate" in told(certificate, other_key)
    for file in (empty, garbage, key, broken, both):
        assert f"--tls-cert {file}" in told(file, key)
    for file in (empty, garbage, certificate):
        assert f"--tls-key {file}" in told(certificate, file)
    assert "passphrase" in told(certificate, locked)
    for file in (empty, garbage, both):
        assert f"--tls-client-ca {file}" in told(certificate, key, "--tls-client-ca", file)
    assert "--tls-key" in refused("--tls-cert", certificate)
    assert "--tls-cert" in refused("--tls-key", key)
    assert "--tls-cert" in refused("--tls-client-ca", certificate)
    assert "nothing.pem" in refused("--tls-cert", tmp_path / "nothing.pem", "--tls-key", key, status=74)


def test_a_key_that_is_too_weak_is_64(tmp_path):
    openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-days", "1", "-subj", "/CN=weak",
            "-keyout", tmp_path / "key", "-out", tmp_path / "certificate")  # fmt: skip
    assert "too small" in refused("--tls-cert", tmp_path / "certificate", "--tls-key", tmp_path / "key")


def test_certificates_of_intermediate_authorities_are_sent(start, authority, tmp_path):
    middle = Authority(tmp_path, "middle")
    request, extensions = tmp_path / "middle.csr", tmp_path / "middle.ext"
    openssl("req", "-new", "-key", middle.key, "-subj", "/CN=middle", "-out", request)
    extensions.write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
    openssl("x509", "-req", "-in", request, "-CA", authority.certificate, "-CAkey", authority.key, "-days", "2",
            "-set_serial", "77", "-extfile", extensions, "-out", middle.certificate)  # fmt: skip
    certificate, key = middle.sign("below")
    chain = tmp_path / "chain.pem"
    chain.write_text(certificate.read_text() + middle.certificate.read_text())
    server = start("--tls-cert", chain, "--tls-key", key)
    assert is_alive(server, ssl.create_default_context(cafile=authority.certificate))


def test_sighup_takes_new_certificates_and_keeps_the_old_ones_when_it_cannot(start, authority, context, tmp_path):
    certificate, key = tmp_path / "certificate", tmp_path / "key"

    def install(name):
        for source, target in zip(authority.sign(name), (certificate, key)):
            shutil.copy(source, target)

    def subject():
        with connect(server, context) as connection:
            return dict(part[0] for part in connection.getpeercert()["subject"])["commonName"]

    install("first")
    server = start("--tls-cert", certificate, "--tls-key", key)
    assert subject() == "first"
    stop = threading.Event()

    def load():
        count = 0
        while not stop.is_set():
            assert is_alive(server, context)
            count += 1
        return count

    with concurrent.futures.ThreadPoolExecutor(2) as pool, SecureWire(server, context) as wire:
        loads = [pool.submit(load) for _ in range(2)]
        try:
            for name in ("second", "third", "fourth"):
                install(name)
                server.process.send_signal(signal.SIGHUP)
                until(lambda: subject() == name)
            # A new certificate with the old key.
            shutil.copy(authority.sign("fifth")[0], certificate)
            server.process.send_signal(signal.SIGHUP)
            until(lambda: "the certificates stay as they were" in server.log.read_text())
            assert "another certificate" in server.log.read_text()
            key.unlink()
            server.process.send_signal(signal.SIGHUP)
            until(lambda: server.log.read_text().count("the certificates stay as they were") == 2)
            assert subject() == "fourth"
            # The connection from before goes on.
            wire.send(GET)
            assert wire.answer("GET", "/healthz").status == 200
        finally:
            stop.set()
        assert all(load.result(timeout=30) > 0 for load in loads)


# Clients that go about it wrong


def test_what_is_no_tls_is_closed_without_harm(server, context):
    before = descriptors(server)
    for garbage in (GET, b"\x00" * 1000, os.urandom(5000), b"\x16\x03\x01\xff\xff" + b"x" * 70_000, b"\x80\x2e\x01"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
            try:
                plain.sendall(garbage)
                plain.shutdown(socket.SHUT_WR)
                answer = b""
                while piece := plain.recv(65536):
                    answer += piece
                assert not answer.startswith(b"HTTP/")
            except (ConnectionResetError, BrokenPipeError):
                pass
        assert is_alive(server, context)
    until(lambda: descriptors(server) <= before)


def test_a_handshake_that_is_cut_off_anywhere_does_no_harm(server, context):
    before = descriptors(server)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    hello = outgoing.read()
    for count in (*range(0, len(hello), 7), len(hello)):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
            plain.sendall(hello[:count])
    for index in range(0, len(hello), 11):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
            plain.sendall(hello[:index] + bytes([hello[index] ^ 0x55]) + hello[index + 1 :])
    assert is_alive(server, context)
    until(lambda: descriptors(server) <= before)


def test_a_broken_record_ends_the_connection(server, context):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
        while True:
            try:
                connection.do_handshake()
                break
            except ssl.SSLWantReadError:
                plain.sendall(outgoing.read())
                incoming.write(plain.recv(65536))
        connection.write(GET)
        record = bytearray(outgoing.read())
        record[-1] ^= 1
        plain.sendall(record)
        while True:
            piece = plain.recv(65536)
            if not piece:
                break
            assert b"HTTP/" not in piece
    assert is_alive(server, context)


def test_stalled_handshakes_hold_no_thread_and_end_in_time(secure, context):
    server = secure("--head-timeout", "1.5", "--max-connections", "1000")
    assert is_alive(server, context)
    before, open_before = threads(server), descriptors(server)
    stalled = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(400)]
    began = time.monotonic()
    for index, plain in enumerate(stalled):
        # Nothing, or the first bytes of a handshake.
        plain.sendall(b"\x16\x03\x01\x02\x00\x01"[: index % 7])
    assert is_alive(server, context)
    assert threads(server) == before
    for plain in stalled:
        assert plain.recv(1) == b""
        plain.close()
    assert time.monotonic() - began >= 1
    until(lambda: descriptors(server) <= open_before)
    assert threads(server) == before


def test_at_the_limit_stalled_handshakes_make_room(secure, context):
    server = secure("--max-connections", "20")
    stalled = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(60)]
    assert is_alive(server, context)
    for plain in stalled:
        plain.close()


def test_idle_connections_are_small(server, context):
    def idle(count):
        wires = []
        for _ in range(count):
            wires.append(SecureWire(server, context))
            wires[-1].send(GET)
            wires[-1].answer("GET", None)
        return wires

    wires = idle(50)
    before = resident_kib(server)
    wires += idle(400)
    grown = (resident_kib(server) - before) / 400
    for wire in wires:
        wire.socket.close()
    assert grown < 64


# The trainer's command


@pytest.fixture
def trainer(secure, authority, tmp_path):
    """Runs swa-trainer against a server with TLS and tokens."""
    tokens = tmp_path / "tokens"
    tokens.write_text("\n".join(line(role, token) for role, token in TOKENS.items()))
    server = secure("--tokens", tokens)

    def run(*arguments, token="trainer", cacert=authority.certificate, **variables):
        variables = {"SWA_URL": server.url} | ({"SWA_TOKEN": TOKENS[token]} if token else {}) | variables
        trust = ("--cacert", cacert) if cacert else ()
        return subprocess.run(
            [TRAINER, *arguments, *trust], capture_output=True, text=True, timeout=60, env=environment(**variables)
        )

    return run


def test_the_trainer_trains_over_tls_with_a_token(trainer, tmp_path):
    model = tmp_path / "model.safetensors"
    model.write_bytes(encode({"w": f32(numpy.arange(2_000_000))}))
    assert trainer("init", model).returncode == 0
    assert trainer("init", model).returncode == 65
    assert trainer("push", model).returncode == 0
    assert trainer("pull", "-o", tmp_path / "pulled").returncode == 0
    assert safetensors.numpy.load_file(tmp_path / "pulled")["w"].size == 2_000_000
    file = tmp_path / "token"
    file.write_text(TOKENS["reader"] + "\n")
    assert "1" in trainer("status", "--token-file", file, token=None).stdout
    # The file counts more than the variable.
    refusal = trainer("push", model, "--token-file", file)
    assert refusal.returncode == 65 and "403 forbidden" in refusal.stderr and "trainer" in refusal.stderr


def test_the_trainer_says_what_is_wrong(trainer, stranger, tmp_path):
    missing = trainer("status", token=None)
    assert missing.returncode == 65 and "401 unauthorized" in missing.stderr and "Bearer" in missing.stderr
    unknown = trainer("status", token=None, SWA_TOKEN="unknown-secret")
    assert unknown.returncode == 65 and "unknown-secret" not in unknown.stderr
    for trust in (None, stranger.certificate):
        untrusted = trainer("status", cacert=trust)
        assert untrusted.returncode == 69 and "certificate" in untrusted.stderr
    assert trainer("status", cacert=tmp_path / "nothing").returncode in (64, 74)
    assert trainer("status", "--token-file", tmp_path / "nothing").returncode == 74
    assert trainer("status", token=None, SWA_TOKEN="two words").returncode == 64


def test_the_trainer_has_a_certificate(secure, authority, stranger):
    server = secure("--tls-client-ca", authority.certificate)

    def status(*arguments):
        command = [TRAINER, "status", "--url", server.url, "--cacert", authority.certificate, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment())

    certificate, key = authority.sign("trainer")
    assert status("--cert", certificate, "--key", key).returncode == 0
    assert status().returncode == 69
    liar, liars_key = stranger.sign("liar")
    assert status("--cert", liar, "--key", liars_key).returncode == 69
    for wrong in ((certificate, liars_key), (certificate, certificate), ("/nothing", key), (certificate, "/nothing")):
        done = status("--cert", wrong[0], "--key", wrong[1])
        assert done.returncode == 64, done.stderr
