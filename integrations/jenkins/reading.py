"""Jenkins' runs as our builds: which state, which commit, whose correlation id."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from bot.api import Build, BuildState, Stage
from bot.vendors.git import COMMIT
from integrations.jenkins.places import Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION, REVISION, CORRELATION = "VERSION", "COMMIT", "CORRELATION"
ENVIRONMENT, SITES = "ENVIRONMENT", "SITES"
# hudson.model.Result. UNSTABLE means failed tests: no release is green with those, and a deploy
# that ended so did not do all of its work. NOT_BUILT says nothing about what was done before.
RESULTS: Final = {
    "SUCCESS": BuildState.GREEN,
    "UNSTABLE": BuildState.RED,
    "FAILURE": BuildState.RED,
    "ABORTED": BuildState.CANCELLED,
}
# com.cloudbees.workflow.rest.external.StatusExt; one that waits for somebody's input is not over.
PAUSED: Final = "PAUSED_PENDING_INPUT"
STAGES: Final = {
    "SUCCESS": BuildState.GREEN,
    "UNSTABLE": BuildState.RED,
    "FAILED": BuildState.RED,
    "ABORTED": BuildState.CANCELLED,
    "IN_PROGRESS": BuildState.RUNNING,
    PAUSED: BuildState.RUNNING,
    "QUEUED": BuildState.QUEUED,
}
FAILED_CASES: Final = ("FAILED", "REGRESSION")  # hudson.tasks.junit.CaseResult.Status
MOST_CASES: Final = 20
LONGEST_WHY: Final = 120

_SCP: Final = re.compile(r"(?:[^@/]+@)?([^:/]+):(?!//)(.+)")
# A console note (hudson.console.ConsoleNote) is hidden text; colours are for terminals.
_TAGS: Final = re.compile(r"<[^<>]*>")
_NOTES: Final = re.compile(r"\x1b\[8m.*?\x1b\[0m|\x1b\[[0-9;]*[A-Za-z]")


def build_of(place: Place, row: Mapping[str, Any], service: str, url: str, repo: str = "") -> Build:
    """Return one run as a build; `repo` tells its own commit from that of a library."""
    given = parameters(row)
    lasted = row.get("duration")
    state = _state(row)
    is_over = state is not BuildState.RUNNING
    ended = began(row) + lasted if began(row) and isinstance(lasted, int) else None
    return Build(
        id=place.id,
        service=service,
        ref=given.get(VERSION, "") or given.get(REVISION, "")[:12],
        commit=_commit(row, given.get(REVISION, ""), repo),
        state=state,
        url=f"{url.rstrip('/')}/{place.path}/",
        started=_moment(began(row)),
        finished=_moment(ended) if is_over else None,
        correlation=given.get(CORRELATION, ""),
    )


def waiting_of(place: Place, item: Mapping[str, Any], service: str, url: str) -> Build:
    """Return what waits in the queue, or was cancelled there, as a build.

    Why it waits is shown as its one stage.
    """
    given, why = parameters(item), item.get("why")
    waits = " ".join(why.split())[:LONGEST_WHY] if isinstance(why, str) else ""
    is_cancelled = item.get("cancelled") is True
    return Build(
        id=place.id,
        service=service,
        ref=given.get(VERSION, "") or given.get(REVISION, "")[:12],
        commit=_hex(given.get(REVISION, "")),
        state=BuildState.CANCELLED if is_cancelled else BuildState.QUEUED,
        url=f"{url.rstrip('/')}/queue/item/{place.number}/",
        stages=(Stage(waits, BuildState.QUEUED),) if waits and not is_cancelled else (),
        correlation=given.get(CORRELATION, ""),
    )


def parameters(row: Mapping[str, Any]) -> dict[str, str]:
    """Return what a run was given; a password's value is not among what Jenkins tells."""
    rows = [one for action in _actions(row) for one in dicts(action.get("parameters"))]
    return {str(one.get("name")): str(one["value"]) for one in rows if one.get("value") is not None}


def revisions(row: Mapping[str, Any], repo: str = "") -> list[str]:
    """Return the commits that a run checked out by git, of one repository or of all."""
    found: list[str] = []
    for action in _actions(row):
        built, remotes = action.get("lastBuiltRevision"), action.get("remoteUrls")
        commit = _hex(built.get("SHA1")) if isinstance(built, dict) else ""
        known = [_plain(one) for one in remotes] if isinstance(remotes, list) else []
        if commit and (not repo or _plain(repo) in known):
            found.append(commit)
    return list(dict.fromkeys(found))


def began(row: Mapping[str, Any]) -> int:
    """Return when a run began, in milliseconds since the epoch; 0 where that is not told."""
    told = row.get("timestamp")
    return told if isinstance(told, int) else 0


def stage_of(row: Mapping[str, Any]) -> Stage:
    """Return one stage of a pipeline's run."""
    state = STAGES.get(str(row.get("status")), BuildState.UNKNOWN)
    lasted = row.get("durationMillis")
    is_over = state not in (BuildState.RUNNING, BuildState.QUEUED)
    seconds = round(lasted / 1000) if isinstance(lasted, int) and is_over else None
    name = str(row.get("name") or row.get("id"))
    if row.get("status") == PAUSED:
        return Stage(f"{name} waits for somebody's input in Jenkins", state, is_gate=True)
    return Stage(name, state, seconds)


def failing(cases: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the names of the tests that failed, each once, at most so many."""
    names = [_case(case) for case in cases if case.get("status") in FAILED_CASES]
    return tuple(dict.fromkeys(names))[:MOST_CASES]


def tail(text: str, lines: int) -> str:
    """Return the last lines of a console without its hidden notes and colours."""
    return "\n".join(_NOTES.sub("", text).splitlines()[-lines:])


def plain(page: str) -> str:
    """Return the text of a log that is HTML."""
    return html.unescape(_TAGS.sub("", page))


def _state(row: Mapping[str, Any]) -> BuildState:
    # A run that goes on may have a result already: it can become worse, never better.
    if row.get("building") is not False:
        return BuildState.RUNNING if row.get("building") is True else BuildState.UNKNOWN
    return RESULTS.get(str(row.get("result")), BuildState.UNKNOWN)


def _commit(row: Mapping[str, Any], asked: str, repo: str) -> str:
    """Return the commit that was built, "" where Jenkins does not tell one of several."""
    all_of_them = revisions(row)
    own = revisions(row, repo) if repo else []
    # While it runs, it may have checked out no more than the pipeline's own file.
    if asked in all_of_them or not all_of_them or (asked and row.get("building") is True):
        return _hex(asked)
    if own:
        return own[-1]
    return all_of_them[0] if len(all_of_them) == 1 and not asked else ""


def _plain(url: object) -> str:
    """Return a repository's address without what may differ: scheme, user, port, ".git"."""
    text = str(url).strip()
    short = _SCP.fullmatch(text)
    if short and "://" not in text:
        host, path = short[1], short[2]
    else:
        parts = urlsplit(text)
        host, path = parts.hostname or "", parts.path
    return f"{host.lower()}/{path.strip('/').removesuffix('.git')}"


def _case(case: Mapping[str, Any]) -> str:
    group, name = str(case.get("className") or ""), str(case.get("name") or "")
    return f"{group}.{name}".strip(".")[:200]


def _actions(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return dicts(row.get("actions"))


def dicts(found: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list, none where it is no list."""
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _hex(found: object) -> str:
    return found if isinstance(found, str) and COMMIT.fullmatch(found) else ""


def _moment(milliseconds: object) -> datetime | None:
    if not isinstance(milliseconds, int) or not 0 < milliseconds < 10**14:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
