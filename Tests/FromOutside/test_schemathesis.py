"""schemathesis, which makes requests of openapi.yaml: no answer that is not in it, and none of the server's failing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from server import Client, long
from specification import FILE
from tensors import encode, f32

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,unsupported_method,allow_header_conformance"
)
HERE = Path(__file__).parent


def run(start, folder, *arguments):
    """Lets it loose on a server with a model, and prints how many requests it made."""
    server = start("--data-dir", str(folder / "data"))
    with Client(server) as client:
        client.put("/v1/weights", data=encode({"w": f32(*range(6)), "b": f32(1, 2)}))
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE)}
    run = subprocess.run(
        [Path(sys.executable).parent / "st", "run", FILE, "--url", server.url, "--checks", CHECKS]
        # An answer that is waited for comes within a minute; how long a request is thought of is no matter of the server's.
        + ["--request-timeout", "90", "--suppress-health-check", "too_slow", "--no-shrink", "--continue-on-failure"]
        + ["--no-color", *arguments],
        capture_output=True,
        text=True,
        timeout=1500,
        env=environment,
        cwd=folder,
    )
    assert run.returncode == 0, run.stdout[-20_000:]
    assert "Test cases:" in run.stdout
    print(run.stdout.split("Test cases:")[1].split("Seed:")[0].strip())


@long
def test_no_case_that_the_specification_names_finds_a_flaw(start, tmp_path):
    run(start, tmp_path, "--phases", "examples,coverage", "--seed", "1")


@long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_that_is_made_of_the_specification_finds_a_flaw(start, tmp_path, seed):
    run(start, tmp_path, "--phases", "fuzzing,stateful", "--seed", str(seed), "--max-examples", "100")
