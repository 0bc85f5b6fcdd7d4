"""openapi.yaml itself."""

from openapi_spec_validator import validate

from server import SPECIFICATION


def test_it_is_valid_openapi():
    validate(SPECIFICATION.document)


def media_types(node, way=()):
    """Yields the way to each media type object of the document."""
    if isinstance(node, dict):
        for key, child in node.items():
            if key == "content" and isinstance(child, dict):
                for name in child:
                    yield (*way, key, name)
            yield from media_types(child, (*way, str(key)))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from media_types(child, (*way, str(index)))


def test_every_content_has_an_example_that_fits_its_schema():
    ways = list(media_types(SPECIFICATION.document))
    assert len(ways) > 30
    for way in ways:
        media = SPECIFICATION.node(way)
        assert "example" in media, way
        if way[-1].endswith("json"):
            SPECIFICATION.validate(media["example"], (*way, "schema"))


def test_every_listed_problem_stands_in_the_table_with_its_status():
    for name, response in SPECIFICATION.document["components"]["responses"].items():
        content = response.get("content", {}).get("application/problem+json")
        if content is None:
            continue
        properties = content["schema"]["allOf"][1]["properties"]
        for kind in properties["type"]["enum"]:
            assert properties["status"]["const"] in SPECIFICATION.problems[kind.removeprefix("/problems/")], name


def test_every_problem_of_the_table_is_listed_with_each_of_its_statuses():
    # These two are of no operation.
    listed = {("not-found", 404), ("method-not-allowed", 405)}
    for response in SPECIFICATION.document["components"]["responses"].values():
        content = response.get("content", {}).get("application/problem+json")
        if content is not None:
            properties = content["schema"]["allOf"][1]["properties"]
            for kind in properties["type"]["enum"]:
                listed.add((kind.removeprefix("/problems/"), properties["status"]["const"]))
    assert listed == {(name, status) for name, statuses in SPECIFICATION.problems.items() for status in statuses}


def test_operation_ids_are_distinct():
    ids = [
        SPECIFICATION.document["paths"][path][method.lower()]["operationId"]
        for method, path in SPECIFICATION.operations()
    ]
    assert len(ids) == len(set(ids))
