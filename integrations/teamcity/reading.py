"""TeamCity's builds as ours: which state, which commit, whose correlation id."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from bot.api import Build, BuildState, Stage
from bot.vendors.git import COMMIT
from integrations.teamcity.rest import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Variables of the environment, as what stands as %parameter% in a script is pasted into it.
VERSION, REVISION = "env.WARDROOM_VERSION", "env.WARDROOM_COMMIT"
ENVIRONMENT, SITES = "env.WARDROOM_ENVIRONMENT", "env.WARDROOM_SITES"
CORRELATION = "env.WARDROOM_CORRELATION"
# The statuses of a build that has ended ("Build" in the API's reference). UNKNOWN is that of one
# that was cancelled, which `canceledInfo` says.
RESULTS: Final = {
    "SUCCESS": BuildState.GREEN,
    "FAILURE": BuildState.RED,
    "ERROR": BuildState.RED,
}
MOST_STAGES: Final = 20
LONGEST_WHY: Final = 120


def build_of(row: Mapping[str, Any], service: str, url: str, root: str = "") -> Build:
    """Return one build; `root` is the VCS root whose commit is the service's own."""
    given, state = parameters(row), state_of(row)
    is_over = state not in (BuildState.QUEUED, BuildState.RUNNING)
    return Build(
        id=str(row["id"]),
        service=service,
        ref=given.get(VERSION, "") or given.get(REVISION, "")[:12],
        commit=_commit(row, root),
        state=state,
        url=f"{url.rstrip('/')}/viewLog.html?buildId={row['id']}",
        started=moment(row.get("startDate")),
        finished=moment(row.get("finishDate")) if is_over else None,
        stages=_waiting(row) if state is BuildState.QUEUED else (),
        correlation=given.get(CORRELATION, ""),
    )


def state_of(row: Mapping[str, Any]) -> BuildState:
    """Return a build's state; what counts as green here is less than what TeamCity shows so.

    Not green are a personal build (somebody's own change is in it), a status that a person set by
    hand, and a build of another commit than it was asked for.
    """
    match row.get("state"):
        case "queued":
            return BuildState.CANCELLED if _has(row, "canceledInfo") else BuildState.QUEUED
        case "running":
            return BuildState.RUNNING  # its status so far can become worse, never better
        case "finished":
            return _ended(row)
        case _:
            return BuildState.UNKNOWN


def parameters(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters that a build was asked for with."""
    told = rows_of(row.get("properties"), "property")
    return {str(one.get("name")): str(one["value"]) for one in told if "value" in one}


def tells_parameters(row: Mapping[str, Any]) -> bool:
    """Say whether the parameters of a build are told at all; without them nothing is found."""
    return isinstance(row.get("properties"), dict)


def revisions(row: Mapping[str, Any], root: str = "") -> list[str]:
    """Return the commits that TeamCity built, of one VCS root or of all."""
    found: list[str] = []
    for one in rows_of(row.get("revisions"), "revision"):
        instance, version = one.get("vcs-root-instance"), str(one.get("version"))
        known = instance.get("vcs-root-id") if isinstance(instance, dict) else None
        if COMMIT.fullmatch(version) and root in ("", known):
            found.append(version)
    return list(dict.fromkeys(found))


def stages_of(row: Mapping[str, Any]) -> tuple[Stage, ...]:
    """Return the builds of the chain that this one stands on, then what went wrong in itself."""
    chain = [_stage(one) for one in dependencies(row)]
    problems = [
        Stage(_line(one.get("details") or one.get("type")), BuildState.RED)
        for one in rows_of(row.get("problemOccurrences"), "problemOccurrence")
        if one.get("muted") is not True
    ]
    return tuple([*chain, *problems][:MOST_STAGES])


def dependencies(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the builds of the chain that a build stands on."""
    return rows_of(row.get("snapshot-dependencies"), "build")


def failing(tests: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the names of the tests that failed, each once."""
    names = [str(one.get("name", ""))[:200] for one in tests if one.get("status") == "FAILURE"]
    return tuple(dict.fromkeys(filter(None, names)))


def moment(text: object) -> datetime | None:
    """Return a time as TeamCity writes it, None where it is none."""
    try:
        return datetime.strptime(str(text), "%Y%m%dT%H%M%S%z")
    except ValueError:
        return None


def _ended(row: Mapping[str, Any]) -> BuildState:
    if row.get("failedToStart") is True:
        return BuildState.RED
    if _has(row, "canceledInfo"):
        return BuildState.CANCELLED
    state = RESULTS.get(str(row.get("status")), BuildState.UNKNOWN)
    asked = parameters(row).get(REVISION, "")
    # Without a VCS root of its own it deploys what its chain has built.
    built = revisions(row) or [each for one in dependencies(row) for each in revisions(one)]
    is_another = bool(asked and built) and asked not in built
    is_by_hand = _has(row, "statusChangeComment")
    if state is BuildState.GREEN and (is_another or is_by_hand or row.get("personal") is True):
        return BuildState.UNKNOWN
    return state


def _commit(row: Mapping[str, Any], root: str) -> str:
    """Return the commit that was built, "" where TeamCity does not tell one of several."""
    if row.get("personal") is True:
        return ""  # with somebody's own change it is no commit
    asked, own = parameters(row).get(REVISION, ""), revisions(row, root)
    if asked in own:
        return asked
    if not revisions(row):
        return asked if COMMIT.fullmatch(asked) else ""
    return own[0] if len(own) == 1 else ""


def _stage(row: Mapping[str, Any]) -> Stage:
    began, ended = moment(row.get("startDate")), moment(row.get("finishDate"))
    seconds = round((ended - began).total_seconds()) if began and ended else None
    return Stage(str(row.get("buildTypeId")), state_of(row), seconds)


def _waiting(row: Mapping[str, Any]) -> tuple[Stage, ...]:
    approval = row.get("approvalInfo")
    if isinstance(approval, dict) and approval.get("status") == "waitingForApproval":
        return (Stage("waits for an approval in TeamCity", BuildState.QUEUED, is_gate=True),)
    why = _line(row.get("waitReason") or "")
    return (Stage(why, BuildState.QUEUED),) if why else ()


def _line(text: object) -> str:
    return " ".join(str(text).split())[:LONGEST_WHY]


def _has(row: Mapping[str, Any], name: str) -> bool:
    return isinstance(row.get(name), dict)
