"""safetensors files, byte by byte, in an order of one's own and with types that NumPy does not have."""

import json
import struct

import numpy

NUMPY_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}
NAMES = {numpy.dtype(code): name for name, code in NUMPY_TYPES.items()}


class BF16:
    """A tensor of bfloat16, cut from float32."""

    def __init__(self, values):
        floats = numpy.asarray(values, dtype="<f4")
        self.shape = floats.shape
        self.bits = (floats.view("<u4") >> 16).astype("<u2")

    def tobytes(self):
        return self.bits.tobytes()

    def floats(self):
        return (self.bits.astype("<u4") << 16).view("<f4")


def encode(tensors, metadata=None):
    """The bytes of a safetensors file that holds these arrays in this order."""
    header = {}
    if metadata is not None:
        header["__metadata__"] = metadata
    data = b""
    for name, tensor in tensors.items():
        content = tensor.tobytes()
        header[name] = {
            "dtype": "BF16" if isinstance(tensor, BF16) else NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(content)],
        }
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def header(content):
    """The JSON header of a safetensors file."""
    (length,) = struct.unpack_from("<Q", content)
    return json.loads(content[8 : 8 + length])


def metadata(content):
    return header(content).get("__metadata__", {})


def f32(*values):
    return numpy.array(values, dtype="<f4")
