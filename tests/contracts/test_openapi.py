"""The check of our requests finds what a vendor's specification does not allow, in both kinds."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.contracts.openapi import Specification, specification

BASE = "https://forge.hospital.test/api/v3"
RUNS = f"{BASE}/repos/acme/portal/runs"
NAMED = {
    "type": "object",
    "required": ["ref"],
    "properties": {
        "ref": {"type": "string"},
        "note": {"type": "string", "nullable": True},
        "inputs": {"type": "object", "additionalProperties": True, "maxProperties": 2},
        "on": {"type": "object", "properties": {"day": {"type": "string"}}},
    },
}
NUMBER = {"name": "run_id", "in": "path", "required": True, "schema": {"type": "integer"}}
OWNER = {"name": "owner", "in": "path", "required": True, "schema": {"type": "string"}}
OPEN: dict[str, Any] = {
    "openapi": "3.0.3",
    "paths": {
        "/repos/{owner}/portal/runs": {
            "parameters": [{"$ref": "#/components/parameters/owner"}],
            "get": {
                "parameters": [
                    {"name": "page", "in": "query", "schema": {"type": "integer"}},
                    {"name": "kind", "in": "query", "required": True, "schema": {"enum": ["a"]}},
                ]
            },
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/run"}}
                    },
                }
            },
        },
        "/repos/{owner}/portal/runs/{run_id}": {"get": {"parameters": [OWNER, NUMBER]}},
        "/repos/{owner}/portal/runs/newest": {"get": {"parameters": [OWNER]}},
    },
    "components": {"parameters": {"owner": OWNER}, "schemas": {"run": NAMED}},
}
VERSION = {"name": "api-version", "in": "query", "required": True, "type": "string"}
SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "basePath": "/x",
    "paths": {
        "/{organization}/_apis/Runs/{id}": {
            "post": {
                "consumes": ["application/json"],
                "parameters": [
                    {"name": "organization", "in": "path", "required": True, "type": "string"},
                    {"name": "id", "in": "path", "required": True, "type": "integer"},
                    {"name": "body", "in": "body", "required": True, "schema": {"type": "object"}},
                    {"$ref": "#/parameters/version"},
                ],
            }
        }
    },
    "parameters": {"version": VERSION},
}


def problems(method: str, url: str, **body: Any) -> str:
    return "; ".join(Specification(OPEN, BASE).problems(httpx.Request(method, url, **body)))


@pytest.mark.parametrize(
    ("method", "url", "found"),
    [
        ("GET", f"{RUNS}?kind=a&page=2", ""),
        ("GET", f"{RUNS}/17", ""),
        ("GET", f"{RUNS}/newest", ""),
        ("GET", RUNS, "the query parameter kind is missing"),
        ("GET", f"{RUNS}?kind=b", "which is none of a"),
        ("GET", f"{RUNS}?kind=a&page=two", "which is no integer"),
        ("GET", f"{RUNS}?kind=a&pages=2", "the query parameter pages is not known"),
        ("GET", f"{RUNS}/seventeen", "the path parameter run_id is `seventeen`"),
        ("GET", f"{RUNS}/17/jobs", "is not in the specification"),
        ("PUT", RUNS, "is not in the specification"),
        ("GET", "https://elsewhere.test/api/v3/repos/acme/portal/runs", "not in the specification"),
        ("GET", "https://forge.hospital.test/repos/acme/portal/runs", "not in the specification"),
    ],
)
def test_a_path_and_its_parameters_are_checked(method: str, url: str, found: str) -> None:
    said = problems(method, url)
    assert found in said
    assert bool(found) == bool(said)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"ref": "refs/tags/1", "note": None, "inputs": {"any": "thing"}}, ""),
        ({}, "'ref' is a required property"),
        ({"ref": 1}, "is wrong at ref"),
        ({"ref": "a", "reff": "b"}, "the body has reff, which is not known"),
        ({"ref": "a", "on": {"days": "b"}}, "the body has on.days, which is not known"),
        ({"ref": "a", "inputs": {"a": 1, "b": 2, "c": 3}}, "is wrong at inputs"),
        ({"ref": "a", "on": None}, "is wrong at on"),
    ],
)
def test_a_body_is_checked_against_its_schema(body: dict[str, Any], found: str) -> None:
    said = problems("POST", RUNS, json=body)
    assert found in said
    assert bool(found) == bool(said)


def test_a_body_has_to_be_there_where_it_is_documented_and_only_there() -> None:
    assert "the body is missing" in problems("POST", RUNS)
    assert "not application/json" in problems("POST", RUNS, data={"ref": "a"})
    assert "none is documented" in problems("GET", f"{RUNS}/17", json={})


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("/x/acme/_apis/runs/7?api-version=7.1", ""),
        ("/x/acme/_apis/runs/7", "the query parameter api-version is missing"),
        ("/x/acme/_apis/runs/seven?api-version=7.1", "which is no integer"),
        ("/acme/_apis/runs/7?api-version=7.1", "is not in the specification"),
    ],
)
def test_a_swagger_2_document_is_read_as_well(url: str, found: str) -> None:
    swagger = Specification(SWAGGER, "https://dev.hospital.test")
    request = httpx.Request("POST", f"https://dev.hospital.test{url}", json={})
    said = "; ".join(swagger.problems(request))
    assert found in said
    assert bool(found) == bool(said)


def test_the_specifications_of_the_vendors_are_understood() -> None:
    github = specification("ci/github/github-actions-subset.openapi.json", BASE)
    url = f"{BASE}/repos/acme/portal/actions/workflows/ci.yml/dispatches"
    good = httpx.Request("POST", url, json={"ref": "refs/tags/1.4.2", "inputs": {"a": "b"}})
    assert github.problems(good) == []
    assert github.problems(httpx.Request("POST", url, json={"inputs": []}))
    azure = specification("ci/azure-devops/specification/pipelines/7.1/pipelines.json", BASE)
    runs = f"{BASE}/acme/lab/_apis/pipelines/7/runs?api-version=7.1"
    body = {"resources": {"repositories": {"self": {"refName": "refs/tags/1.4.2"}}}}
    assert azure.problems(httpx.Request("POST", runs, json=body)) == []
    assert azure.problems(httpx.Request("POST", runs, json={"templateParameters": {"a": 1}}))


def test_a_played_answer_is_held_to_its_documented_shape() -> None:
    github = specification("ci/github/github-actions-subset.openapi.json", BASE)
    run = httpx.Request("POST", f"{BASE}/repos/acme/portal/actions/workflows/ci.yml/dispatches")
    told = {"workflow_run_id": 1, "run_url": "https://x.test/1", "html_url": "https://x.test/1"}
    assert github.misshapen(run, httpx.Response(200, json=told)) == []
    assert github.misshapen(run, httpx.Response(204)) == []
    assert github.misshapen(run, httpx.Response(200, json={**told, "workflow_run_id": "1"}))
    assert github.misshapen(run, httpx.Response(201, json=told))
