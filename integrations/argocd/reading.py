"""Argo CD's applications as ours: which operation is ours, and how far it came.

Source: the Application resource (argoproj.io/v1alpha1: operation, status.operationState,
status.sync, status.health), as the API's swagger.json has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.api import Build, BuildState, Stage
from integrations.argocd.places import Application

Row = Mapping[str, Any]
OURS: Final = "wardroom"  # the info of an operation that holds its correlation id
VERSION: Final = "wardroom-version"
BEFORE: Final = "wardroom-before"  # what was asked for before, as `id=state`, newest first
# OperationState.phase; what is being terminated ends as Failed.
PHASES: Final = {
    "Running": BuildState.RUNNING,
    "Terminating": BuildState.RUNNING,
    "Failed": BuildState.RED,
    "Error": BuildState.RED,
    "Succeeded": BuildState.GREEN,
}
# HealthStatus.status, once everything was applied: a suspended one waits for somebody over there.
HEALTH: Final = {
    "Healthy": BuildState.GREEN,
    "Progressing": BuildState.RUNNING,
    "Suspended": BuildState.RUNNING,
    "Degraded": BuildState.RED,
    "Missing": BuildState.RED,
}
APPLIED: Final = {"Synced", "Pruned"}  # SyncOperationResult.resources[].status; "" is a hook's
SETTLES: Final = timedelta(minutes=2)  # how long health may still be what it was before the sync
COMPARES: Final = timedelta(seconds=20)  # when a comparison of the very second is the one after
MOST_STAGES: Final = 10


def _of(row: object, *names: str) -> Any:
    found: Any = row
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def text(row: object, *names: str) -> str:
    """Return a text deep within an answer, "" where there is none."""
    found = _of(row, *names)
    return found if isinstance(found, str) else ""


def rows(row: object, *names: str) -> list[Row]:
    """Return a list of objects deep within an answer."""
    found = _of(row, *names)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def pending(app: Row) -> Row | None:
    """Return the operation that was asked for and not begun, or that is going on."""
    found = _of(app, "operation")
    return found if isinstance(found, Mapping) else None


def state_row(app: Row) -> Row | None:
    """Return the state of the last operation that began."""
    found = _of(app, "status", "operationState")
    return found if isinstance(found, Mapping) else None


def newest(app: Row) -> Row | None:
    """Return the newest operation, or None where there never was one that is still known."""
    return pending(app) or _of(state_row(app), "operation")


def infos(operation: object) -> dict[str, str]:
    """Return what an operation was given to carry."""
    return {text(one, "name"): text(one, "value") for one in rows(operation, "info")}


def before(operation: object) -> dict[str, str]:
    """Return what was asked for before this operation, and how it stood then."""
    parted = [one.rpartition("=") for one in infos(operation).get(BEFORE, "").split()]
    return {correlation: state for correlation, _, state in parted}


def mark(app: Row) -> str:
    """Return what tells the last operation that began from any other."""
    row = state_row(app)
    return f"{text(row, 'startedAt')} {text(row, 'operation', 'sync', 'revision')}"


def is_untouched(app: Row) -> bool:
    """Say whether there never was an operation; what is not understood is not that."""
    known = (_of(app, "operation"), _of(app, "status", "operationState"))
    return known == (None, None) and not rows(app, "status", "history")


def is_busy(app: Row) -> bool:
    """Say whether an operation waits or goes on."""
    return pending(app) is not None or text(state_row(app), "phase") in ("Running", "Terminating")


def is_stale(app: Row) -> bool:
    """Say whether the last operation succeeded, and Argo CD has not looked at what runs since.

    It writes whole seconds. It looks right after each operation, so that a comparison of the very
    second in which that ended is the one after it, once there was time for another.
    """
    row = state_row(app)
    if text(row, "phase") != "Succeeded":
        return False
    ended, compared = moment(text(row, "finishedAt")), moment(text(app, "status", "reconciledAt"))
    if ended is None or compared is None or compared < ended:
        return True
    return compared == ended and datetime.now(UTC) - ended < COMPARES


def deployed(where: Application, app: Row, url: str, service: str) -> Build:
    """Return the newest operation as a build."""
    operation = newest(app)
    carried = infos(operation)
    row = None if _is_waiting(app) else state_row(app)
    state = state_of(app)
    correlation = carried.get(OURS, "")
    return Build(
        id=f"{where}/{correlation}",
        service=service,
        ref=carried.get(VERSION, ""),
        commit=text(operation, "sync", "revision"),
        state=state,
        url=url,
        started=moment(text(row, "startedAt")),
        finished=moment(text(row, "finishedAt")),
        stages=() if row is None else stages_of(app),
        correlation=correlation,
    )


def earlier(where: Application, correlation: str, state: str, url: str, service: str) -> Build:
    """Return a deploy that another one followed: as it ended, where it had ended by then."""
    ended = (BuildState.GREEN, BuildState.RED)
    known = next((one for one in ended if one.value == state), BuildState.UNKNOWN)
    return Build(f"{where}/{correlation}", service, "", "", known, url, correlation=correlation)


def _is_waiting(app: Row) -> bool:
    """Say whether the newest operation has not begun: its state is still the one before's."""
    operation = pending(app)
    given = _of(state_row(app), "operation")
    return operation is not None and infos(operation).get(OURS) != infos(given).get(OURS)


def state_of(app: Row) -> BuildState:
    """Return how far the newest operation came; green only where all of it is there and healthy.

    That is: it succeeded for the revision that it was asked for, everything was applied, nothing
    differs from that revision, and the application was found healthy after that: until Argo CD
    has looked again, its health is still what it was before. What has just been applied is given a
    while before its health counts against it.
    """
    if _is_waiting(app):
        return BuildState.QUEUED
    row = state_row(app)
    state = PHASES.get(text(row, "phase"), BuildState.UNKNOWN)
    if state is not BuildState.GREEN:
        return state
    if text(row, "syncResult", "revision") != text(row, "operation", "sync", "revision"):
        return BuildState.UNKNOWN
    return BuildState.RUNNING if is_stale(app) else _settled(app)


def _settled(app: Row) -> BuildState:
    found = {synced_state(app), HEALTH.get(_health(app), BuildState.UNKNOWN)}
    if BuildState.RED in found and _settles(state_row(app)):
        found = {*found - {BuildState.RED}, BuildState.RUNNING}
    order = (BuildState.UNKNOWN, BuildState.RED, BuildState.RUNNING)
    return next((one for one in order if one in found), BuildState.GREEN)


def synced_state(app: Row) -> BuildState:
    """Return whether what runs is the commit: applied whole, and not different since.

    Argo CD compares with what the application tracks. Where that is another revision than the one
    deployed, being out of sync with it says nothing, and what the sync itself did counts.
    """
    row = state_row(app)
    if any(text(one, "status") not in {*APPLIED, ""} for one in _results(row)):
        return BuildState.RED
    match text(app, "status", "sync", "status"):
        case "Synced":
            return BuildState.GREEN
        case "OutOfSync":
            compared = text(app, "status", "sync", "revision")
            if not compared or not _results(row):
                return BuildState.UNKNOWN
            is_ours = compared == text(row, "syncResult", "revision")
            return BuildState.RED if is_ours else BuildState.GREEN
    return BuildState.UNKNOWN


def stages_of(app: Row) -> tuple[Stage, ...]:
    """Return the sync, what of it failed, and the health as stages."""
    row = state_row(app)
    began, ended = moment(text(row, "startedAt")), moment(text(row, "finishedAt"))
    seconds = int((ended - began).total_seconds()) if began and ended else None
    phase = text(row, "phase")
    state = PHASES.get(phase, BuildState.UNKNOWN)
    failed = [one for one in _results(row) if text(one, "status") not in {*APPLIED, ""}]
    made = [Stage("sync", state, seconds)]
    made += [Stage(_named(one), BuildState.RED) for one in failed[:MOST_STAGES]]
    if state is BuildState.GREEN:
        made.append(Stage(_compared(app), synced_state(app)))
        health = _health(app)
        waits = " (waits for somebody in Argo CD)" if health == "Suspended" else ""
        named = f"health {health or 'Unknown'}{waits}"
        state = HEALTH.get(health, BuildState.UNKNOWN)
        made.append(Stage(named, state, is_gate=bool(waits)))
    return tuple(made)


def told_by(app: Row) -> list[str]:
    """Return what Argo CD says of the operation, its resources and the application's health."""
    row = state_row(app)
    said = [
        *(
            f"{_named(one)}: {text(one, 'message')}"
            for one in _results(row)
            if text(one, "message")
        ),
        *(
            f"{text(one, 'type')}: {text(one, 'message')}"
            for one in rows(app, "status", "conditions")
        ),
        text(app, "status", "health", "message"),
        f"{text(row, 'phase')}: {text(row, 'message')}",
        f"{_compared(app)}, health {_health(app) or 'Unknown'}",
    ]
    return [line for one in said for line in one.splitlines() if line.strip(" :")]


def _compared(app: Row) -> str:
    status = text(app, "status", "sync", "status") or "Unknown"
    against = text(app, "status", "sync", "revision")[:12]
    return f"{status} with {against}" if against else status


def _named(resource: Row) -> str:
    what = f"{text(resource, 'kind')}/{text(resource, 'name')}"
    status = text(resource, "status") or text(resource, "hookPhase")
    return f"{what} {status}".strip()


def _results(row: object) -> Sequence[Row]:
    return rows(row, "syncResult", "resources")


def _health(app: Row) -> str:
    return text(app, "status", "health", "status")


def _settles(row: object) -> bool:
    ended = moment(text(row, "finishedAt"))
    return ended is not None and datetime.now(UTC) - ended < SETTLES


def moment(written: str) -> datetime | None:
    """Return a time of Kubernetes' (RFC 3339), or None."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else None
