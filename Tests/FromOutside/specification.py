"""openapi.yaml as a judge: what any answer of the server must look like."""

import json
import re
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import unquote

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

FILE = Path(__file__).parents[2] / "openapi.yaml"
METHODS = ("get", "head", "put", "post", "patch", "delete", "options")


class Specification:
    def __init__(self):
        self.document = yaml.safe_load(FILE.read_text())
        resource = Resource(contents=self.document, specification=DRAFT202012)
        self.registry = Registry().with_resource("urn:openapi", resource)
        table = re.findall(r"^\| ([a-z-]+) \| ([0-9, ]+) \|", self.document["info"]["description"], re.MULTILINE)
        self.problems = {name: {int(status) for status in statuses.split(",")} for name, statuses in table}

    def operations(self):
        """Yields (METHOD, path template) for each operation."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method.upper(), path

    def template(self, path):
        """The path template that a request path matches, or None."""
        for template in self.document["paths"]:
            if re.fullmatch(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template)), path):
                return template
        return None

    def allowed(self, template):
        """The methods of a path."""
        return {method for method, path in self.operations() if path == template}

    def follow(self, *keys):
        """The keys that lead to a node, references on the way resolved; raises KeyError where there is none."""
        node, way = self.document, ()
        for key in keys:
            node, way = node[key], (*way, key)
            while isinstance(node, dict) and "$ref" in node:
                way = tuple(part.replace("~1", "/").replace("~0", "~") for part in node["$ref"][2:].split("/"))
                node = self.document
                for part in way:
                    node = node[part]
        return way

    def node(self, way):
        node = self.document
        for key in way:
            node = node[key]
        return node

    def validate(self, value, way):
        """Validates a value against the schema that stands at `way`."""
        pointer = "/".join(key.replace("~", "~0").replace("/", "~1") for key in way)
        Draft202012Validator(
            {"$ref": f"urn:openapi#/{pointer}"}, registry=self.registry, format_checker=FormatChecker()
        ).validate(value)

    def check(self, method, path, status, headers, content):
        """Fails unless this answer is one that the specification lists for the request.

        `path` is without query; `headers` a case-insensitive mapping.
        """
        told = f"{method} {path}: {status} {content[:300]!r}"
        assert parsedate_to_datetime(headers["Date"]) is not None, told
        assert headers["Server"], told
        if status not in (204, 304):
            assert "Content-Length" in headers, told
        if method != "HEAD" and status not in (204, 304):
            assert int(headers["Content-Length"]) == len(content), told
        else:
            assert content == b"", told

        template = self.template(unquote(path))
        if template is None:
            assert status in (400, 403, 404, 414, 421, 431, 501, 503, 505), told
            self.check_problem(method, status, headers, content)
            assert status != 404 or method == "HEAD" or self.problem_name(content) == "not-found", told
            return
        if method not in self.allowed(template):
            assert status in (400, 403, 405, 408, 414, 421, 431, 501, 503, 505), told
            self.check_problem(method, status, headers, content)
            if status == 405:
                assert set(headers["Allow"].split(", ")) == self.allowed(template), told
            return

        responses = self.follow("paths", template, method.lower(), "responses")
        assert str(status) in self.node(responses), f"{told}: this status is not listed"
        response = self.follow(*responses, str(status))
        for name, header in self.node(response).get("headers", {}).items():
            way = self.follow(*response, "headers", name)
            if name in headers:
                value = headers[name]
                kind = self.node(self.follow(*way, "schema")).get("type")
                self.validate(int(value) if kind == "integer" else value, (*way, "schema"))
            else:
                assert not self.node(way).get("required"), f"{told}: {name} is missing"
        if status >= 400:
            self.check_problem(method, status, headers, content)
        if method == "HEAD" or status in (204, 304):
            return
        types = self.node(response)["content"]
        media = headers["Content-Type"].split(";")[0].strip()
        assert media in types, f"{told}: {media} is not listed"
        if media.endswith("json"):
            assert content.endswith(b"\n"), f"{told}: no newline at the end"
            self.validate(json.loads(content), (*response, "content", media, "schema"))

    def check_problem(self, method, status, headers, content):
        """Fails unless this is a problem whose name the table lists with the status."""
        assert headers["Content-Type"] == "application/problem+json"
        if status == 503:
            assert int(headers["Retry-After"]) >= 0
        if method == "HEAD":
            return
        assert content.endswith(b"\n")
        problem = json.loads(content)
        self.validate(problem, ("components", "schemas", "Problem"))
        assert problem["status"] == status
        assert status in self.problems[self.problem_name(content)], f"{problem['type']} with status {status}"

    @staticmethod
    def problem_name(content):
        return json.loads(content)["type"].removeprefix("/problems/")
