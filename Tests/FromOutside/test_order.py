"""Which of two mistakes a request is told of: the order of refusals."""

import itertools

import pytest

from server import SPECIFICATION, Client
from tensors import encode, f32
from wire import Wire

CONTENT = encode({"w": f32(1)})


class Push:
    """A sound push; each mistake changes one part of it."""

    def __init__(self):
        self.method = "POST"
        self.target = "/v1/gradients"
        self.fields = {"Host": "localhost", "Content-Length": str(len(CONTENT))}
        self.lines = []
        self.content = CONTENT

    def wire(self):
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in self.fields.items())]
        return "\r\n".join([*lines, *self.lines, "", ""]).encode() + self.content


def field(name, value):
    return lambda push: push.fields.update({name: value})


def line(text):
    return lambda push: push.lines.append(text)


def target(change):
    def apply(push):
        push.target = change(push.target)

    return apply


def method(push):
    push.method = "PUT"


def content(push):
    push.content = b"\xff" * len(CONTENT)


# In the order in which they are told: name, status, problem, what changes, and the part that it takes for itself.
MISTAKES = [
    ("framing", 400, "malformed-request", line("X : y"), "lines"),
    ("transfer coding", 501, "malformed-request", line("Transfer-Encoding: gzip"), "coding"),
    ("fields", 431, "too-large", lambda push: push.lines.extend(["A: b"] * 1001), "lines"),
    ("host", 421, "misdirected", field("Host", "example.com"), "host"),
    ("origin", 403, "forbidden-origin", field("Origin", "http://example.com"), "origin"),
    ("path", 404, "not-found", target(lambda path: "/v1/nothing" + path.removeprefix("/v1/gradients")), "path"),
    ("method", 405, "method-not-allowed", method, "method"),
    ("parameter", 400, "unknown-parameter", target(lambda path: path + "?typo=1"), "query"),
    ("parameter value", 400, "unknown-parameter", target(lambda path: path + "?dry_run=maybe"), "query"),
    ("type", 415, "unsupported-media-type", field("Content-Type", "text/plain"), "type"),
    (
        "accept",
        406,
        "not-acceptable",
        lambda push: push.fields.update({"Prefer": "return=representation", "Accept": "image/png"}),
        "accept",
    ),
    ("value", 400, "invalid-header", field("Training-Loss", "high"), "value"),
    ("epoch", 409, "model-epoch-mismatch", field("Model-Epoch", "0000000000000000"), "epoch"),
    ("length", 413, "too-large", field("Content-Length", "99999999999999999999"), "length"),
    ("expectation", 417, "invalid-header", field("Expect", "tea"), "expect"),
    ("content", 400, "malformed-body", content, "content"),
]
# Without a model there is one more.
NO_MODEL = ("model", 409, "no-model", None, "model")


def told(server, push):
    with Wire(server) as wire:
        wire.send(push.wire())
        answer = wire.answer(None, None)
        return answer.status, SPECIFICATION.problem_name(answer.content)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from server import Server

    server = Server(tmp_path_factory.mktemp("order"))
    yield server
    server.stop()


def apply(*mistakes):
    push = Push()
    for mistake in mistakes:
        if mistake[3] is not None:
            mistake[3](push)
    if push.fields["Content-Length"] == str(len(CONTENT)) and "Transfer-Encoding: gzip" in push.lines:
        del push.fields["Content-Length"]
    return push


def test_each_mistake_alone_and_of_two_the_first(server):
    wrong = []

    def check(*mistakes):
        expected = mistakes[0][1:3]
        came = told(server, apply(*mistakes))
        if came != expected:
            wrong.append((*(mistake[0] for mistake in mistakes), came))

    # "length" has no Content-Length left to be wrong beside a transfer coding.
    def fits(first, second):
        return first[4] != second[4] and {first[4], second[4]} != {"coding", "length"}

    before = MISTAKES[: MISTAKES.index(next(m for m in MISTAKES if m[0] == "type"))]
    after = MISTAKES[len(before) :]
    for pair in itertools.product(before, [NO_MODEL]):
        check(*pair)
    for mistake in after:
        check(NO_MODEL, mistake)
    with Client(server) as client:
        assert client.put("/v1/weights", data=CONTENT).status_code == 201
        state = client.state()
    for mistake in MISTAKES:
        check(mistake)
    for first, second in itertools.combinations(MISTAKES, 2):
        if fits(first, second):
            check(first, second)
    assert wrong == []
    with Client(server) as client:
        assert client.state() == state


def test_a_target_too_long_is_told_first(server):
    push = apply(*(mistake for mistake in MISTAKES if mistake[0] in ("host", "origin", "length")))
    push.target += "?" + "x" * 40_000
    assert told(server, push) == (414, "too-large")
