"""Checks the requests that we send against a vendor's OpenAPI 3 or Swagger 2 document.

A test plays the vendor and hands every request to `Specification.problems`, which says what the
document does not allow: an unknown path or method, a missing or unknown query parameter, a path or
query parameter of another type, a body that does not fit its schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import jsonschema
import pytest
from jsonschema.protocols import Validator

SHARED: Final = Path(__file__).parents[3] / "shared" / "reference" / "data"
METHODS: Final = ("get", "put", "post", "delete", "patch", "head", "options")
FORM: Final = "application/x-www-form-urlencoded"
NAME: Final = re.compile(r"\{[^}]+\}")
# How a parameter is written in an address; what is not here (strings, arrays) may be any text.
WRITTEN: Final = {
    "integer": re.compile(r"-?\d+"),
    "number": re.compile(r"-?\d+(\.\d+)?"),
    "boolean": re.compile(r"true|false", re.IGNORECASE),
}
UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Operation:
    """One method of one path of a document, with the parameters of both."""

    method: str
    template: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    parameters: tuple[Mapping[str, Any], ...]
    detail: Mapping[str, Any]

    def __str__(self) -> str:
        """Return it as documentation writes it."""
        return f"{self.method} {self.template}"

    @property
    def variables(self) -> int:
        """Return how many parts of the path are open: the path with the fewest is meant."""
        return len(self.names)


@dataclass(frozen=True)
class Specification:
    """One document; `base` is the address under which its paths are asked for."""

    document: Mapping[str, Any]
    base: str
    operations: tuple[Operation, ...] = field(init=False)
    schemas: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "operations", tuple(self._operations()))
        named = {name: _nullable(self.document.get(name)) for name in ("components", "definitions")}
        object.__setattr__(self, "schemas", {name: one for name, one in named.items() if one})

    def operation(self, request: httpx.Request) -> Operation | None:
        """Return what a request asks for, None where the document has no such thing."""
        path = self._path(request)
        fit = (
            one
            for one in self.operations
            if one.method == request.method and path is not None and one.pattern.fullmatch(path)
        )
        return min(fit, key=lambda one: one.variables, default=None)

    def problems(self, request: httpx.Request) -> list[str]:
        """Return what the document does not allow about a request, one sentence each."""
        asked = self.operation(request)
        if asked is None:
            return [f"{request.method} {request.url.path} is not in the specification."]
        found = [
            *self._of_path(asked, request),
            *self._of_query(asked, request),
            *self._of_body(asked, request),
        ]
        return [f"{asked}: {problem}" for problem in found]

    def misshapen(self, request: httpx.Request, answer: httpx.Response) -> list[str]:
        """Return in what a played answer is not shaped as the document says, one sentence each."""
        asked = self.operation(request)
        if asked is None or not answer.content:
            return []
        told = self._resolved(asked.detail["responses"].get(str(answer.status_code), {}))
        kinds = told.get("content", {}).get("application/json", {})
        schema = told.get("schema", kinds.get("schema"))
        if schema is None:
            return [f"{asked}: HTTP {answer.status_code} has no documented body."]
        return [
            f"{asked}: the answer is wrong at {'/'.join(map(str, error.path))}: {error.message}"
            for error in self._validator(schema).iter_errors(answer.json())
        ]

    def _operations(self) -> Iterator[Operation]:
        for template, item in self.document["paths"].items():
            shared = [self._resolved(one) for one in item.get("parameters", ())]
            for method in METHODS:
                if method in item:
                    yield self._operation(method, template, item[method], shared)

    def _operation(
        self,
        method: str,
        template: str,
        detail: Mapping[str, Any],
        shared: Sequence[Mapping[str, Any]],
    ) -> Operation:
        own = [self._resolved(one) for one in detail.get("parameters", ())]
        by_place = {(one["in"], one["name"]): one for one in (*shared, *own)}
        # Swagger 2 writes some paths with their constant query: `/x?mode=all`.
        path = template.partition("?")[0]
        names = tuple(name[1:-1] for name in NAME.findall(path))
        wide = {name for (_, name), one in by_place.items() if one.get("x-multi-segment")}
        parts = NAME.split(path)
        made = re.escape(parts[0])
        for name, rest in zip(names, parts[1:], strict=True):
            made += ("(.+)" if name in wide else "([^/]+)") + re.escape(rest)
        # Azure DevOps answers its paths in any case, and its documents write them in several.
        flags = re.IGNORECASE if "swagger" in self.document else re.NOFLAG
        return Operation(
            method.upper(),
            template,
            re.compile(made, flags),
            names,
            tuple(by_place.values()),
            detail,
        )

    def _path(self, request: httpx.Request) -> str | None:
        """Return the path under the base as it was sent, still quoted; None for other hosts."""
        base = urlsplit(self.base.rstrip("/") + _below(self.document))
        if (request.url.scheme, request.url.netloc.decode()) != (base.scheme, base.netloc):
            return None
        sent = request.url.raw_path.decode().partition("?")[0]
        if not sent.startswith(base.path):
            return None
        return sent[len(base.path) :]

    def _resolved(self, found: Any) -> Mapping[str, Any]:
        """Return what a `$ref` within the document points to."""
        while isinstance(found, Mapping) and isinstance(found.get("$ref"), str):
            target: Any = self.document
            for part in found["$ref"].removeprefix("#/").split("/"):
                target = target[unquote(part).replace("~1", "/").replace("~0", "~")]
            found = target
        assert isinstance(found, Mapping), found
        return found

    def _of_path(self, asked: Operation, request: httpx.Request) -> Iterator[str]:
        match = asked.pattern.fullmatch(self._path(request) or "")
        assert match is not None
        given = dict(zip(asked.names, match.groups(), strict=True))
        for one in asked.parameters:
            if one["in"] == "path" and (why := self._misfit(one, unquote(given[one["name"]]))):
                yield why

    def _of_query(self, asked: Operation, request: httpx.Request) -> Iterator[str]:
        known = {one["name"]: one for one in asked.parameters if one["in"] == "query"}
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        sent = {name for name, _ in query}
        constant = {name for name, _ in parse_qsl(asked.template.partition("?")[2])}
        for name, one in known.items():
            if one.get("required") and name not in sent:
                yield f"the query parameter {name} is missing"
        for name, value in query:
            if name in known:
                if why := self._misfit(known[name], value):
                    yield why
            elif name not in constant:
                yield f"the query parameter {name} is not known"

    def _misfit(self, parameter: Mapping[str, Any], value: str) -> str:
        """Return why a value as written in an address does not fit its parameter, "" if it does."""
        schema = self._resolved(parameter.get("schema", parameter))
        written = f"the {parameter['in']} parameter {parameter['name']} is `{value}`"
        kinds = [self._resolved(one) for one in schema.get("oneOf", schema.get("anyOf", [schema]))]
        if not any(_fits(kind, value) for kind in kinds):
            return f"{written}, which is no {' or '.join(str(kind.get('type')) for kind in kinds)}"
        allowed = schema.get("enum")
        # Swagger 2 documents of Azure DevOps list the single flags that a comma joins.
        if allowed and not set(value.split(",")) <= {str(one) for one in allowed}:
            return f"{written}, which is none of {', '.join(map(str, allowed))}"
        return ""

    def _of_body(self, asked: Operation, request: httpx.Request) -> Iterator[str]:
        body = self._body(asked)
        if body is None:
            if request.content:
                yield "has a body, and none is documented"
            return
        schemas, required = body
        if not request.content:
            if required:
                yield "the body is missing"
            return
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in schemas:
            yield f"the body is {kind or 'of no type'}, not {' or '.join(schemas)}"
            return
        yield from self._of_content(schemas[kind], kind, request)

    def _body(self, asked: Operation) -> tuple[dict[str, Mapping[str, Any]], bool] | None:
        """Return the schema of the body by its media type, and whether there must be one."""
        if "requestBody" in asked.detail:
            body = self._resolved(asked.detail["requestBody"])
            kinds = {kind.lower(): one.get("schema", {}) for kind, one in body["content"].items()}
            return kinds, bool(body.get("required"))
        for one in asked.parameters:
            if one["in"] == "body":
                taken = asked.detail.get("consumes") or self.document.get("consumes")
                named = {kind.lower(): one["schema"] for kind in taken or ["application/json"]}
                return named, bool(one.get("required"))
        fields = [one for one in asked.parameters if one["in"] == "formData"]
        if fields:
            made = {
                "properties": {one["name"]: {"type": "string"} for one in fields},
                "required": [one["name"] for one in fields if one.get("required")],
                "additionalProperties": False,
            }
            return {FORM: made}, bool(made["required"])
        return None

    def _of_content(
        self, schema: Mapping[str, Any], kind: str, request: httpx.Request
    ) -> Iterator[str]:
        if kind == FORM:
            content: Any = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
        elif kind.endswith("json"):
            content = json.loads(request.content)
        else:
            return
        for error in self._validator(schema).iter_errors(content):
            place = "/".join(map(str, error.absolute_path))
            yield f"the body is wrong{' at ' + place if place else ''}: {error.message}"
        yield from (
            f"the body has {name}, which is not known" for name in self._odd(schema, content)
        )

    def _validator(self, schema: Mapping[str, Any]) -> Validator:
        # A reference stays as it is: it points into the document, whose schemas are beside it.
        return jsonschema.Draft4Validator({**self.schemas, "allOf": [_nullable(schema)]})

    def _odd(self, schema: Mapping[str, Any], content: Any) -> list[str]:
        """Return the fields that the schema does not name where it does name fields.

        JSON schema allows them, and a vendor ignores or refuses them: a field spelled wrong would
        look valid.
        """
        known = self._resolved(schema)
        if not isinstance(content, dict) or "properties" not in known:
            return []
        if known.get("additionalProperties") or any(
            x in known for x in ("allOf", "anyOf", "oneOf")
        ):
            return []
        found = [name for name in content if name not in known["properties"]]
        for name, one in known["properties"].items():
            if name in content:
                found += [f"{name}.{odd}" for odd in self._odd(one, content[name])]
        return found


@cache
def read(path: str, base: str) -> Specification | None:
    """Read a document under `../shared/reference/data`; None where it is absent.

    `base` is the address that our settings name: a document's own server is that vendor's cloud.
    """
    file = SHARED / path
    if not file.is_file():
        return None
    return Specification(json.loads(file.read_text(encoding="utf-8-sig")), base)


def specification(path: str, base: str) -> Specification:
    """Read a document as `read` does; the test is skipped where it is absent."""
    found = read(path, base)
    if found is None:
        pytest.skip(f"the vendor's specification is not here: {path}")
    return found


def _below(document: Mapping[str, Any]) -> str:
    """Return the path that a Swagger 2 document puts before all of its own."""
    return str(document.get("basePath", "")).rstrip("/")


def _fits(schema: Mapping[str, Any], value: str) -> bool:
    kind = WRITTEN.get(str(schema.get("type")))
    if kind is not None:
        return bool(kind.fullmatch(value))
    return schema.get("format") != "uuid" or bool(UUID.fullmatch(value))


def _nullable(schema: Any) -> Any:
    """Return a schema in which `nullable: true` of OpenAPI 3.0 is JSON schema's null."""
    if isinstance(schema, list):
        return [_nullable(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {name: _nullable(one) for name, one in schema.items()}
    if made.pop("nullable", None) is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
    return made
