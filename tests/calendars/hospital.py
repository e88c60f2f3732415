"""A small hospital's services and calendars, for tests of what its calendars say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

from bot.calendars import reading
from bot.calendars.reading import Plan
from bot.calendars.rules import Calendar, Feed, Subject
from bot.catalogue import Estate
from bot.model import Deployment, Service
from bot.ports import Freeze

ENVIRONMENTS = (Deployment("test"), Deployment("production"))


def service(name: str, *, tags: tuple[str, ...] = (), sites: tuple[str, ...] = ()) -> Service:
    """Return a service of the hospital."""
    return Service(name, "interfaces", "B", None, ENVIRONMENTS, sites=sites, tags=tags)


ESTATE = Estate(
    {
        "lab-results": service("lab-results", tags=("lab",), sites=("london",)),
        "pacs": service("pacs", tags=("imaging",), sites=("boston",)),
        "portal": service("portal", sites=("london", "boston")),
        "hr": service("hr"),
    }
)


def plan(folder: Path, text: str) -> Plan:
    """Return what a calendars.yaml means."""
    file = folder / "calendars.yaml"
    file.write_text(dedent(text), "utf-8")
    return reading.load(file, ESTATE)


def subject(name: str, environment: str = "production", kind: str = "normal") -> Subject:
    """Return a change of a service."""
    found = ESTATE.service(name)
    assert found is not None
    return Subject(name, environment, kind, found.tags, found.sites)


def utc(text: str) -> datetime:
    """Return a moment written without its zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def calendar(found: Plan, feeds: Mapping[str, Feed] | None = None) -> Calendar:
    """Return a plan's calendar, with its feeds as they are said to be."""
    return Calendar(found.zones, found.rules, feeds or {})


def names(found: Calendar, about: Subject, at: str) -> list[str]:
    """Return the names of what closes a moment."""
    return [freeze.name for freeze in found.active(about, utc(at))]


def one(found: Calendar, about: Subject, at: str) -> Freeze:
    """Return the only rule that closes a moment."""
    (freeze,) = found.active(about, utc(at))
    return freeze
