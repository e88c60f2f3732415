"""Microsoft's own documents of the REST API 7.1, held against what we send and what is played."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import httpx
from jsonschema import Draft4Validator

from tests.contracts.openapi import SHARED, Operation, Specification

FOLDER: Final = SHARED / "ci" / "azure-devops" / "specification"
FILES: Final = (
    "build/7.1/build.json",
    "pipelines/7.1/pipelines.json",
    "approvalsAndChecks/7.1/pipelinesapproval.json",
)


@dataclass(frozen=True)
class Beside:
    """A path that the documents here do not have: the page that has it, and what it may ask."""

    page: str
    path: re.Pattern[str]
    query: frozenset[str]


def _beside(page: str, path: str, *query: str) -> Beside:
    return Beside(page, re.compile(rf"[^/]+/_apis/{path}"), frozenset({"api-version", *query}))


PAGED: Final = ("$top", "continuationToken")
BESIDE: Final = (
    _beside("Git, Refs - List", "git/repositories/[^/]+/refs", "filter", "peelTags", *PAGED),
    _beside("Git, Commits - Get", r"git/repositories/[^/]+/commits/[0-9a-f]{40}", "changeCount"),
    _beside(
        "Git, Commits - Get Commits",
        r"git/repositories/[^/]+/commits",
        "searchCriteria.itemVersion.version",
        "searchCriteria.itemVersion.versionType",
        "searchCriteria.compareVersion.version",
        "searchCriteria.compareVersion.versionType",
        "searchCriteria.$top",
        "searchCriteria.$skip",
    ),
    _beside(
        "Git, Diffs - Get",
        r"git/repositories/[^/]+/diffs/commits",
        "baseVersion",
        "baseVersionType",
        "targetVersion",
        "targetVersionType",
        "$top",
        "$skip",
    ),
    _beside("Test, Runs - List", "test/runs", "buildUri", "$top", "$skip"),
    _beside("Test, Results - List", r"test/runs/\d+/results", "outcomes", "$top", "$skip"),
    # The document says itself that the id of the timeline may be left out, and has no path for it.
    _beside("Build, Timeline - Get", r"build/builds/\d+/timeline", "changeId", "planId"),
)


@cache
def documents(base: str) -> tuple[Specification, ...]:
    """Return those documents that are here; `base` is our url without the organisation."""
    files = [FOLDER / name for name in FILES]
    read = [json.loads(file.read_text("utf-8-sig")) for file in files if file.is_file()]
    return tuple(Specification(one, base) for one in read)


def problems(request: httpx.Request, url: str) -> list[str]:
    """Return what is wrong with a request to the organisation at `url`."""
    sent = request.url.raw_path.decode().partition("?")[0]
    below = sent.removeprefix(httpx.URL(url).raw_path.decode() + "/")
    for one in BESIDE:
        if request.method == "GET" and one.path.fullmatch(below):
            odd = set(request.url.params) - one.query
            return [f"{one.page} does not know {name}" for name in sorted(odd)]
    document, _ = _meant(request, url)
    if document is not None:
        return document.problems(request)
    return [f"{request.method} {below} is in no document"] if documents(_base(url)) else []


def answer_problems(request: httpx.Request, answer: httpx.Response, url: str) -> list[str]:
    """Return what a played answer has that the vendor documents otherwise.

    A list is documented as such, and sent as the `value` of an object (as the examples show).
    """
    if answer.status_code != httpx.codes.OK or "json" not in answer.headers["content-type"]:
        return []
    document, asked = _meant(request, url)
    if document is None or asked is None:
        return []
    schema, said = asked.detail["responses"]["200"].get("schema", {}), answer.json()
    said = said["value"] if schema.get("type") == "array" else said
    return [f"{asked}: {error.message}" for error in _validator(document, schema, said)]


def _meant(request: httpx.Request, url: str) -> tuple[Specification, Operation] | tuple[None, None]:
    """Return what a request asks for; of several documents that have it, that of the plainest path.

    `pipelines/approvals` of one is no `pipelines/{pipelineId}` of another.
    """
    found = [(one, asked) for one in documents(_base(url)) if (asked := one.operation(request))]
    return min(found, key=lambda pair: pair[1].variables, default=(None, None))


def _base(url: str) -> str:
    return url.rpartition("/")[0]


def _validator(document: Specification, schema: Mapping[str, Any], said: object) -> list[Any]:
    checker = Draft4Validator({**document.schemas, "allOf": [schema]})
    # Microsoft writes C#'s `object`, which is any value, as a JSON object.
    return [one for one in checker.iter_errors(said) if "templateParameters" not in one.path]
