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


@long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_that_is_made_of_the_specification_finds_a_flaw(start, tmp_path, seed):
    server = start("--data-dir", str(tmp_path / "data"))
    with Client(server) as client:
        client.put("/v1/weights", data=encode({"w": f32(*range(6)), "b": f32(1, 2)}))
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE)}
    # The long polls of a Prefer field aside, a request takes no time.
    run = subprocess.run(
        [Path(sys.executable).parent / "st", "run", FILE, "--url", server.url, "--checks", CHECKS]
        + ["--max-examples", "100", "--seed", str(seed), "--no-shrink", "--continue-on-failure", "--no-color"],
        capture_output=True,
        text=True,
        timeout=1500,
        env=environment,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stdout[-20_000:]
    assert "Test cases:" in run.stdout
