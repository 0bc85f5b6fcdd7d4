"""Files of NumPy's: what savez writes and load reads."""

import io
import json
import zipfile

import numpy


def npz(arrays):
    """The bytes of a file that holds these arrays in this order."""
    file = io.BytesIO()
    numpy.savez(file, **arrays)
    return file.getvalue()


def compressed(arrays):
    file = io.BytesIO()
    numpy.savez_compressed(file, **arrays)
    return file.getvalue()


def load(content):
    """The arrays of a file in its order; every checksum is held against the bytes."""
    with numpy.load(io.BytesIO(content)) as file:
        assert file.zip.testzip() is None
        return {name: file[name] for name in file.files}


def comment(content):
    return json.loads(zipfile.ZipFile(io.BytesIO(content)).comment)


def same(one, other):
    """Asserts that arrays are the same to the bit, in the same order."""
    assert list(one) == list(other)
    for name, value in one.items():
        assert value.dtype == other[name].dtype and value.shape == other[name].shape, name
        assert value.tobytes() == other[name].tobytes(), name
