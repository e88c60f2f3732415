"""What a run is made of: its stages, what they wait for, and whose log tells most.

Source: "Timeline - Get" and "Approvals - Query" of the REST API 7.1. A record of the type
`Checkpoint.Approval` has the id of the approval that its stage waits for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.api import BuildState, Rejected, Stage
from bot.vendors import Asked
from integrations.azure.builds import is_number, moment
from integrations.azure.rest import READ_BUILDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from integrations.azure.rest import Rest

    Record = Mapping[str, Any]

EMPTY: Final = 204  # of a run that has not begun
DEFAULT: Final = "__default"  # the stage of a pipeline that declares none
CHECKPOINT, APPROVAL = "Checkpoint", "Checkpoint.Approval"
# TimelineRecordState, then TaskResult; what is not here is UNKNOWN, also what was skipped.
STATE: Final = {"pending": BuildState.QUEUED, "inProgress": BuildState.RUNNING}
RESULT: Final = {
    "succeeded": BuildState.GREEN,
    "succeededWithIssues": BuildState.RED,
    "failed": BuildState.RED,
    "abandoned": BuildState.RED,
    "canceled": BuildState.CANCELLED,
}
# ApprovalStatus: what somebody over there still has to decide.
OPEN: Final = ("pending", "uninitiated", "undefined")
MOST: Final = 20  # approvals that are asked about


@dataclass(frozen=True)
class Timeline:
    """The records of one run, as they are now."""

    project: str
    records: Sequence[Record]

    def stages(self, waiting: Mapping[str, str]) -> tuple[Stage, ...]:
        """Return the stages in order; what one waits for comes before it, as what is going on."""
        return tuple(self._stages(waiting))

    def _stages(self, waiting: Mapping[str, str]) -> Iterator[Stage]:
        stages = self._of("Stage")
        plain = all(one.get("name") == DEFAULT for one in stages)
        for one in stages:
            if why := waiting.get(_id(one)):
                who = "the run" if plain else _name(one)
                yield Stage(f"{who} waits for {why}", BuildState.RUNNING, is_gate=True)
            if not plain:
                yield Stage(_name(one), _state(one), _seconds(one))
        for one in self._of("Job") if plain else ():
            yield Stage(_name(one), _state(one), _seconds(one))

    def checks(self) -> tuple[tuple[Record, str], ...]:
        """Return what is not decided yet: the record, and the id of the stage that it holds up."""
        stage_of = {_id(one): str(one.get("parentId")) for one in self._of(CHECKPOINT)}
        return tuple(
            (one, stage_of.get(str(one.get("parentId")), str(one.get("parentId"))))
            for one in self.records
            if str(one.get("type")).startswith(f"{CHECKPOINT}.") and str(one.get("state")) in STATE
        )

    def log(self) -> int | None:
        """Return the number of the log that matters: of the failed step, else of the last one."""
        logs = [one for one in self.records if _log(one) is not None]
        logs.sort(key=lambda one: str(one.get("startTime") or ""))
        tasks = [one for one in logs if one.get("type") == "Task"]
        failed = [one for one in tasks if _state(one) is BuildState.RED]
        chosen = failed[:1] or tasks[-1:] or logs[-1:]
        return _log(chosen[0]) if chosen else None

    def _of(self, kind: str) -> list[Record]:
        found = [one for one in self.records if one.get("type") == kind]
        return sorted(found, key=_order)


async def read_timeline(rest: Rest, project: str, number: int) -> Timeline:
    """Return the records of a run; it has none before it has begun."""
    asked = Asked(f"the stages of run {number}", READ_BUILDS)
    answer = await rest.get(project, f"build/builds/{number}/timeline", asked)
    if answer.status == EMPTY or answer.body.strip() in (b"", b"null"):
        return Timeline(project, ())
    return Timeline(project, answer.rows("records"))


async def read_waiting(rest: Rest, timeline: Timeline) -> dict[str, str]:
    """Return, by the stage, what it waits for that is decided in Azure DevOps itself.

    Wardroom only reads that. Where the approvals may not be read, the timeline's word is taken.
    """
    found = timeline.checks()
    approvals = [_id(one) for one, _ in found if one.get("type") == APPROVAL]
    said = await _statuses(rest, timeline.project, approvals[:MOST]) if approvals else {}
    waiting: dict[str, str] = {}
    for one, stage in found:
        runs = one.get("state") == "inProgress"
        status = said.get(_id(one))
        if one.get("type") == APPROVAL and (status in OPEN or (status is None and runs)):
            waiting[stage] = "an approval in Azure DevOps"
        elif one.get("type") != APPROVAL and runs:
            waiting.setdefault(stage, "a check in Azure DevOps")
    return waiting


async def _statuses(rest: Rest, project: str, ids: Sequence[str]) -> dict[str, str]:
    asked = Asked("the approvals that a run waits for", READ_BUILDS)
    try:
        answer = await rest.get(
            project, "pipelines/approvals", asked, {"approvalIds": ",".join(ids)}
        )
    except Rejected:
        return {}
    return {_id(one): str(one.get("status")) for one in answer.rows("value")}


def _state(record: Record) -> BuildState:
    state = record.get("state")
    if state != "completed":
        return STATE.get(str(state), BuildState.UNKNOWN)
    return RESULT.get(str(record.get("result")), BuildState.UNKNOWN)


def _seconds(record: Record) -> int | None:
    began, ended = moment(record.get("startTime")), moment(record.get("finishTime"))
    return int((ended - began).total_seconds()) if began and ended else None


def _name(record: Record) -> str:
    return str(record.get("name") or record.get("identifier") or "?")


def _id(record: Record) -> str:
    return str(record.get("id"))


def _order(record: Record) -> int:
    order = record.get("order")
    return order if isinstance(order, int) else 0


def _log(record: Record) -> int | None:
    log = record.get("log")
    number = log.get("id") if isinstance(log, dict) else None
    return number if is_number(number) else None
