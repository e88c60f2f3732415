"""Asks a FHIR server what it can do: its CapabilityStatement, and never about anybody.

FHIR R4 and later, `GET [base]/metadata`; SMART App Launch 2, `.well-known/smart-configuration`.
Both are unauthenticated by convention.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final

from bot.api import Finding, Standing
from integrations.probes.answers import OK, Unanswered, read
from integrations.probes.pages import MOST_BYTES, got
from integrations.probes.wire import Unwell

if TYPE_CHECKING:
    import httpx

    from bot.api import Endpoint
    from integrations.probes.answers import Json

ACCEPT: Final = "application/fhir+json, application/json;q=0.9"
STATES: Final = frozenset({"draft", "active", "retired", "unknown"})
VERSION: Final = re.compile(r"\d{1,2}\.\d{1,2}\.\d{1,2}")
TYPE: Final = re.compile(r"[A-Z][A-Za-z]{1,60}")


async def fhir(client: httpx.AsyncClient, endpoint: Endpoint) -> Finding:
    """Judge the statement, and SMART's configuration where it has to be there."""
    base = endpoint.url.rstrip("/")
    # A large server's statement takes a while to read, in which nothing else would be answered.
    statement = await _document(client, endpoint, f"{base}/metadata")
    finding = judged(statement, endpoint)
    if endpoint.smart and finding.is_passed:
        smart = await _document(client, endpoint, f"{base}/.well-known/smart-configuration")
        require_smart(smart)
        return Finding(
            finding.standing,
            f"{finding.detail}, with a SMART configuration",
            finding.value,
            {**finding.figures, "smart": "yes"},
        )
    return finding


async def _document(client: httpx.AsyncClient, endpoint: Endpoint, url: str) -> Json:
    page = await got(client, endpoint, url, MOST_BYTES * 8, ACCEPT)
    if page.status != OK:
        raise Unwell(f"answers HTTP {page.status} where it should say what it can do", "status")
    if page.is_cut:
        raise Unwell("answers far more than was asked for", "garbage")
    try:
        return await asyncio.to_thread(read, page.body)
    except Unanswered as error:
        raise Unwell(error.text, "garbage") from error


def judged(statement: Json, endpoint: Endpoint) -> Finding:
    """Judge what a server says that it can do by what the estate file expects of it."""
    if not isinstance(statement, dict) or statement.get("resourceType") != "CapabilityStatement":
        raise Unwell("answers something that is no CapabilityStatement", "garbage")
    state, version = statement.get("status"), statement.get("fhirVersion")
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        raise Unwell("names no version of FHIR", "garbage")
    if not isinstance(state, str) or state not in STATES:
        raise Unwell("names no state of its CapabilityStatement", "garbage")
    types = resources(statement)
    figures = {"fhir_version": version, "state": state, "resources": str(len(types))}
    said = f"speaks FHIR {version} ({state}) about {len(types)} resources"
    missing = [name for name in endpoint.resources if name not in types]
    if endpoint.fhir_version and version != endpoint.fhir_version:
        figures["why"] = "version"
        said = f"{said}, and not {endpoint.fhir_version}"
    elif missing:
        figures |= {"why": "resources", "missing": ", ".join(missing)}
        said = f"{said}, and not about {', '.join(missing)}"
    elif state == "retired":
        figures["why"] = "retired"
    else:
        return Finding(Standing.PASSED, said, version, figures)
    return Finding(Standing.FAILED, said, version, figures)


def resources(statement: dict[str, Json]) -> frozenset[str]:
    """Return the types that a server answers about."""
    rest = statement.get("rest")
    servers = [
        one
        for one in (rest if isinstance(rest, list) else [])
        if isinstance(one, dict) and one.get("mode") == "server"
    ]
    if not servers:
        raise Unwell("says nothing of what it does as a server", "garbage")
    found: set[str] = set()
    for server in servers:
        listed = server.get("resource")
        for one in listed if isinstance(listed, list) else []:
            name = one.get("type") if isinstance(one, dict) else None
            if isinstance(name, str) and TYPE.fullmatch(name):
                found.add(name)
    return frozenset(found)


def require_smart(configuration: Json) -> None:
    """Let pass a SMART configuration that says where tokens come from and what it can do."""
    if (
        not isinstance(configuration, dict)
        or not isinstance(configuration.get("token_endpoint"), str)
        or not isinstance(configuration.get("capabilities"), list)
    ):
        raise Unwell("has no SMART configuration that can be used", "smart")
