"""How schemathesis writes a body of a type that it does not know, how long it waits for news, and how many optimizers it
makes."""

import random

import schemathesis
from schemathesis.generation.meta import CoveragePhaseData

RANDOM = random.Random(1)


@schemathesis.serializer("application/octet-stream", "application/x-safetensors", "application/x-npz", "application/zip")
def as_it_is(context, value):
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def before_call(context, case, kwargs):
    # The example of the specification; a second shows as much as half a minute.
    if case.headers and case.headers.get("Prefer") == "wait=30":
        case.headers["Prefer"] = "wait=1"


@schemathesis.hook
def filter_case(context, case):
    # Every class with every bound of every field of every schedule is 45,000 cases, of all other operations 1,300.
    if case.operation.label == "PUT /v1/optimizer" and isinstance(case.meta.phase.data, CoveragePhaseData):
        return RANDOM.random() < 0.1
    return True
