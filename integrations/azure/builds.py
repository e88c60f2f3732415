"""Azure DevOps' builds as ours: which state, which commit, whose correlation id.

A run of the Pipelines interface and a build of the Build interface are the same thing under the
same number; the Build interface says more about it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeGuard
from urllib.parse import quote, unquote

from bot.api import Build, BuildState, Rejected, Unreachable
from bot.vendors.git import COMMIT
from integrations.azure.rest import is_name

if TYPE_CHECKING:
    from collections.abc import Mapping

ODD: Final = "Azure DevOps answered something that is not understood, so nothing is known."
# BuildStatus; what is completed is said by its BuildResult. What is not here is UNKNOWN.
STATUS: Final = {
    "notStarted": BuildState.QUEUED,
    "postponed": BuildState.QUEUED,
    "inProgress": BuildState.RUNNING,
    "cancelling": BuildState.RUNNING,
}
# "partiallySucceeded" had a step that failed, and went on because it was told to: not green.
RESULT: Final = {
    "succeeded": BuildState.GREEN,
    "partiallySucceeded": BuildState.RED,
    "failed": BuildState.RED,
    "canceled": BuildState.CANCELLED,
}
REFS: Final = re.compile(r"refs/(?:heads|tags)/")
_ID: Final = re.compile(r"([^/\s]{1,800})/([1-9][0-9]{0,9})")


def build_id(project: str, number: int) -> str:
    """Return what `ci log` takes."""
    return f"{quote(project, safe='')}/{number}"


def place_of(text: str) -> tuple[str, int]:
    """Return the project and the number of a build's id; `Rejected` where we never made it."""
    if match := _ID.fullmatch(text):
        project = unquote(match[1])
        if is_name(project):
            return project, int(match[2])
    raise Rejected(f"`{text[:80]}` is no build: `ci status SERVICE` lists them as PROJECT/NUMBER.")


def build_of(row: Mapping[str, Any], project: str, service: str) -> Build:
    """Return a build as its row says; a missing or unknown state is UNKNOWN."""
    given, number, definition = parameters(row), row.get("id"), row.get("definition")
    commit = _text(row.get("sourceVersion")).lower()
    if not is_number(number):
        raise Unreachable(ODD)
    named = _text(definition.get("name")) if isinstance(definition, dict) else ""
    return Build(
        id=build_id(project, number),
        service=service or named,
        ref=given.get("version") or REFS.sub("", _text(row.get("sourceBranch"))) or commit[:12],
        commit=commit if COMMIT.fullmatch(commit) else "",
        state=_state(row, given.get("commit", "")),
        url=link(row),
        started=moment(row.get("startTime")),
        finished=moment(row.get("finishTime")),
        correlation=given.get("correlation", ""),
    )


def _state(row: Mapping[str, Any], asked: str) -> BuildState:
    """Return the state; a run of another commit than it was asked for is never green."""
    status = row.get("status")
    if status != "completed":
        return STATUS.get(_text(status), BuildState.UNKNOWN)
    state = RESULT.get(_text(row.get("result")), BuildState.UNKNOWN)
    is_other = bool(asked) and asked != row.get("sourceVersion")
    return BuildState.UNKNOWN if is_other and state is BuildState.GREEN else state


def parameters(row: Mapping[str, Any]) -> dict[str, str]:
    """Return what a run was asked for with."""
    given = row.get("templateParameters")
    return {k: v for k, v in given.items() if isinstance(v, str)} if isinstance(given, dict) else {}


def is_asked_with(row: Mapping[str, Any], correlation: str) -> bool:
    """Say whether a run carries the correlation id: as its parameter, in its name, or as a tag."""
    name, tags = _text(row.get("buildNumber") or row.get("name")), row.get("tags")
    return (
        parameters(row).get("correlation") == correlation
        or name == correlation
        or name.endswith(f"-{correlation}")
        or (isinstance(tags, list) and correlation in tags)
    )


def is_silent(row: Mapping[str, Any]) -> bool:
    """Say whether a run that somebody asked for does not say with what; Server leaves that out."""
    return row.get("reason") == "manual" and not isinstance(row.get("templateParameters"), dict)


def is_number(found: object) -> TypeGuard[int]:
    """Say whether this is the number of something; JSON's true is an `int` in Python."""
    return isinstance(found, int) and not isinstance(found, bool) and found > 0


def link(row: Mapping[str, Any]) -> str:
    """Return the page of a run for people."""
    links = row.get("_links")
    web = links.get("web") if isinstance(links, dict) else None
    address = _text(web.get("href")) if isinstance(web, dict) else ""
    return address if address.startswith(("https://", "http://")) else ""


def moment(text: object) -> datetime | None:
    """Return a moment as Azure DevOps writes it, to the ten-millionth of a second."""
    try:
        made = datetime.fromisoformat(_text(text))
    except ValueError:
        return None
    return made if made.tzinfo else made.replace(tzinfo=UTC)


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""
