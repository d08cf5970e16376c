"""
docs/openapi.yaml held against real answers: the parts of JSON Schema that the description uses, and no others (a
keyword that is not known here is an error, so that nothing goes unchecked).
"""

import json
import re
import subprocess
from decimal import Decimal

from .stack import TOP

_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
_NOTES = {"description", "default", "summary", "title", "examples"}


def load(path=TOP + "/docs/openapi.yaml"):
    """YAML is not in Python's standard library, but in Ruby's."""
    program = "puts JSON.generate(YAML.load_file(ARGV[0]))"
    done = subprocess.run(["ruby", "-ryaml", "-rjson", "-e", program, path], capture_output=True, text=True, check=True,
                          timeout=60)
    return json.loads(done.stdout)


class Description:
    def __init__(self):
        self.document = load()
        self.seen = set()               # (path, method, status) that answers have been checked against

    def follow(self, node):
        while "$ref" in node:
            target = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def operation(self, method, path):
        """The described path that matches, and its operation; (None, None) when there is none."""
        for template, item in self.document["paths"].items():
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
            if re.fullmatch(pattern, path) and method.lower() in item:
                return template, item[method.lower()]
        return None, None

    def check(self, method, path, answer):
        """An answer of a described operation must be described itself: its status, type, headers and body."""
        template, operation = self.operation(method, path.split("?")[0])
        if operation is None:
            return
        status = str(answer.status)
        assert status in operation["responses"], f"{method} {template}: {status} is not described"
        response = self.follow(operation["responses"][status])
        kind = answer.headers["Content-Type"].split(";")[0]
        assert kind in response["content"], f"{method} {template} {status}: {kind} is not described"
        if kind == "application/json":
            self.validate(json.loads(answer.body), response["content"][kind]["schema"], f"{method} {template} {status}")
        for name, value in answer.headers.items():
            described = self.follow(response.get("headers", {}).get(name, {}))
            assert described or not name.startswith("RateLimit-"), f"{method} {template} {status}: {name}"
            if described.get("schema", {}).get("type") == "integer":
                self.validate(int(value), described["schema"], name)
        self.seen.add((template, method, status))

    def validate(self, value, schema, where="value"):
        schema = self.follow(schema)
        for keyword, wanted in schema.items():
            if keyword not in _NOTES:
                getattr(self, "_" + keyword.replace("$", ""))(value, wanted, schema, where)

    def parts(self, value, schema):
        """The schema with all that it is made of for this value: the members of allOf, the right one of oneOf."""
        schema = self.follow(schema)
        yield schema
        for inner in schema.get("allOf", []):
            yield from self.parts(value, inner)
        for inner in schema.get("oneOf", []):
            if self.errors(value, inner, "") is None:
                yield from self.parts(value, inner)

    def unnamed(self, value, schema, where="value"):
        """Members that the schema does not name, where it names any, and lists with nothing to hold against it."""
        parts = list(self.parts(value, schema))
        named = {name: inner for part in parts for name, inner in part.get("properties", {}).items()}
        if isinstance(value, dict) and named:
            for name, inner in value.items():
                if name in named:
                    yield from self.unnamed(inner, named[name], f"{where}.{name}")
                else:
                    yield f"{where}.{name}"
        for part in parts if isinstance(value, list) else []:
            if not value:
                yield where + "[]"
            for i, inner in enumerate(value if "items" in part else []):
                yield from self.unnamed(inner, part["items"], f"{where}[{i}]")

    def errors(self, value, schema, where):
        try:
            self.validate(value, schema, where)
        except AssertionError as error:
            return str(error)
        return None

    def _type(self, value, wanted, schema, where):
        for name in wanted if isinstance(wanted, list) else [wanted]:
            if name == "integer" and isinstance(value, int) and not isinstance(value, bool):
                return
            if name == "number" and isinstance(value, (int, float)) and not isinstance(value, bool):
                return
            if name in _TYPES and isinstance(value, _TYPES[name]):
                return
        raise AssertionError(f"{where}: {value!r} is not of type {wanted}")

    def _properties(self, value, wanted, schema, where):
        if isinstance(value, dict):
            for name, inner in wanted.items():
                if name in value:
                    self.validate(value[name], inner, f"{where}.{name}")

    def _required(self, value, wanted, schema, where):
        missing = [name for name in wanted if isinstance(value, dict) and name not in value]
        assert not missing, f"{where}: {missing} missing"

    def _additionalProperties(self, value, wanted, schema, where):
        assert wanted is False, f"{where}: additionalProperties may only be false here"
        extra = [name for name in value if name not in schema["properties"]] if isinstance(value, dict) else []
        assert not extra, f"{where}: {extra} are not described"

    def _items(self, value, wanted, schema, where):
        for i, each in enumerate(value if isinstance(value, list) else []):
            self.validate(each, wanted, f"{where}[{i}]")

    def _oneOf(self, value, wanted, schema, where):
        found = [self.errors(value, inner, where) for inner in wanted]
        assert found.count(None) == 1, f"{where}: matches {found.count(None)} of {len(wanted)}: {found}"

    def _allOf(self, value, wanted, schema, where):
        for inner in wanted:
            self.validate(value, inner, where)

    def _enum(self, value, wanted, schema, where):
        assert value in wanted, f"{where}: {value!r} is not one of {wanted}"

    def _const(self, value, wanted, schema, where):
        assert value == wanted and type(value) is type(wanted), f"{where}: {value!r} is not {wanted!r}"

    def _pattern(self, value, wanted, schema, where):
        assert not isinstance(value, str) or re.search(wanted, value), f"{where}: {value!r} does not match {wanted}"

    def _minimum(self, value, wanted, schema, where):
        assert not isinstance(value, (int, float)) or value >= wanted, f"{where}: {value} is below {wanted}"

    def _maximum(self, value, wanted, schema, where):
        assert not isinstance(value, (int, float)) or value <= wanted, f"{where}: {value} is above {wanted}"

    def _multipleOf(self, value, wanted, schema, where):
        exact = Decimal(repr(value)) if isinstance(value, (int, float)) else Decimal(0)
        assert exact % Decimal(repr(wanted)) == 0, f"{where}: {value} is no multiple of {wanted}"

    def _minItems(self, value, wanted, schema, where):
        assert not isinstance(value, list) or len(value) >= wanted, f"{where}: fewer than {wanted} items"

    def _maxItems(self, value, wanted, schema, where):
        assert not isinstance(value, list) or len(value) <= wanted, f"{where}: more than {wanted} items"

    def _minLength(self, value, wanted, schema, where):
        assert not isinstance(value, str) or len(value) >= wanted, f"{where}: shorter than {wanted}"

    def _maxLength(self, value, wanted, schema, where):
        assert not isinstance(value, str) or len(value) <= wanted, f"{where}: longer than {wanted}"

    def _format(self, value, wanted, schema, where):
        assert wanted in ("date-time", "password"), f"{where}: format {wanted} is not known here"
