"""The safetensors library and the server's own reader agree on what is a safetensors file."""

import json
import os
import pathlib
import subprocess

import safetensors

ROOT = pathlib.Path(__file__).parents[2]

# What the library reads and the server refuses on purpose, by the name or the text of the server's error.
STRICTER = {
    "duplicateName": "the library takes the last of two tensors of one name",
    "duplicateMetadataKey": "the library takes the last of two values",
    "invalidName": "names become parts of query strings and lists: no commas, no control characters, not empty",
    "the header is empty or does not begin with '{'": "the format's text says so, the library skips white space",
    "entryNotObject": "the library takes an array of dtype, shape and offsets too",
    "dtypeNotString": "the library takes an object with the dtype as its key too",
    "unsupportedDType": "the server holds no such variables",
    "tooManyTensors": "a limit of the server",
    "tooManyDimensions": "a limit of the server",
    "headerTooLong": "a limit of the server, 16 MiB",
    "sizeOverflow": "more bytes than can be addressed; nor does an extent of 0 excuse the others",
}


def written_mutants(directory):
    """The mutants that a Swift test writes, each with what the server's reader says of it."""
    run = subprocess.run(
        ["swift", "test", "--disable-xctest", "--filter", "twoThousandMutantsAreWrittenOut"],
        cwd=ROOT,
        env={**os.environ, "SWA_MUTANTS_DIR": str(directory), "STRICT_BUILD": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    verdicts = (directory / "verdicts").read_text().splitlines()
    return [((directory / str(index)).read_bytes(), verdict) for index, verdict in enumerate(verdicts)]


def library_reads(content):
    try:
        return dict(safetensors.deserialize(content))
    except safetensors.SafetensorError:
        return None


def test_the_library_and_the_server_read_the_same_files(tmp_path):
    mutants = written_mutants(tmp_path)
    assert len(mutants) == 2000
    differences = []
    both = 0
    for content, verdict in mutants:
        tensors = library_reads(content)
        if verdict == "read":
            both += 1
            if tensors is None:
                differences.append((content, verdict))
        elif tensors is not None and verdict not in STRICTER:
            differences.append((content, verdict))
    assert differences == []
    assert 200 < both < 1800, "mutants of one kind only test nothing"


def test_the_library_reads_what_the_server_refuses_on_purpose():
    """Each line of the list above that the mutants are unlikely to meet is true of the library."""

    def content(header, data=b""):
        return len(header).to_bytes(8, "little") + header + data

    entry = {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}
    w = b'"w":' + json.dumps(entry).encode()
    deep = {"dtype": "U8", "shape": [1] * 33, "data_offsets": [0, 1]}
    huge = {"dtype": "U8", "shape": [0, 1 << 62, 4], "data_offsets": [0, 0]}
    read = [
        content(b"{" + w + b"," + w + b"}", b"1"),
        content(b'{"__metadata__":{"a":"1","a":"2"},' + w + b"}", b"1"),
        content(json.dumps({"a,b": entry}).encode(), b"1"),
        content(b" {" + w + b"}", b"1"),
        content(b'{"w":["U8",[1],[0,1]]}', b"1"),
        content(b'{"w":{"dtype":{"U8":null},"shape":[1],"data_offsets":[0,1]}}', b"1"),
        content(b'{"w":{"dtype":"U16","shape":[1],"data_offsets":[0,2]}}', b"12"),
        content(json.dumps({"w": deep}).encode(), b"1"),
        content(json.dumps({"w": huge}).encode()),
    ]
    assert [library_reads(file) is not None for file in read] == [True] * len(read)
