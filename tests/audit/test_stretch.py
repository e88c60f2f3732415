"""A stretch of the log is read to its end, part by part, and what is damaged is named."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from bot.audit import stretch
from bot.audit.log import AuditLog
from bot.audit.report import ReportWriter, sheet
from bot.audit.stretch import Stretch, marks, read_stretch
from bot.audit.usage import UsageReader
from bot.model import Event, Kind, Reason
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock
from tests.audit.events import as_attacker, draft, fill

REFUSED = marks("kind", [Kind.REFUSED])


async def seen(database: Database, whole: Stretch) -> tuple[list[int], tuple[int, ...]]:
    """Return the numbers of the refusals in a stretch, and what was damaged there."""
    found: list[int] = []

    def take(_connection: Connection, event: Event) -> None:
        found.append(event.seq)

    read = await read_stretch(database, whole, REFUSED, take)
    return found, read.damaged


async def test_every_wanted_event_is_handed_over_in_order_across_parts(
    log: AuditLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretch, "PART", 3)
    kinds = [Kind.REFUSED, Kind.INTENT, Kind.REFUSED, Kind.OUTCOME] * 3
    await fill(log, *(draft(kind=kind) for kind in kinds))
    assert await seen(database, Stretch(1, 12)) == ([1, 3, 5, 7, 9, 11], ())
    assert await seen(database, Stretch(3, 7)) == ([3, 5, 7], ())
    assert await seen(database, Stretch(1, 0)) == ([], ())


async def test_damage_is_named_in_events_that_nobody_asked_for_too(
    log: AuditLog, database: Database
) -> None:
    await fill(log, *(draft(kind=Kind.INTENT, text="as it was") for _ in range(4)))
    as_attacker(
        database,
        text("UPDATE audit SET body = replace(body, 'as it was', 'as it is') WHERE seq = 2"),
        text("DELETE FROM audit WHERE seq = 3"),
    )
    found, damaged = await seen(database, Stretch(1, 4))
    assert found == []
    assert sorted(damaged) == [2, 3]


async def test_a_mark_in_somebodys_words_is_no_kind(log: AuditLog, database: Database) -> None:
    await fill(log, draft(kind=Kind.INTENT, text='"kind":"refused"'))
    assert await seen(database, Stretch(1, 1)) == ([], ())


async def test_a_report_finds_what_a_request_was_about_in_an_earlier_month(
    log: AuditLog, database: Database, clock: TurnedClock
) -> None:
    asked = {"request": "REQ-7", "policy_version": "1"}
    await fill(log, draft(kind=Kind.OUTCOME, reason=Reason.PENDING_APPROVAL, **asked))
    change = {"change": "CHG-3", "policy_version": "1", "environment": "production"}
    await fill(
        log,
        draft(
            kind=Kind.OUTCOME,
            verb="change open",
            reason=Reason.OK,
            params={"type": "emergency"},
            **change,
        ),
    )
    clock.turn(days=10)
    own = {"policies": ("never-the-requester",), "reason": Reason.NOT_AUTHORISED}
    await fill(log, draft(kind=Kind.OUTCOME, verb="approve", service="", **own, **asked))
    await fill(log, draft(kind=Kind.EFFECT, service="", **asked))
    await fill(log, draft(kind=Kind.EFFECT_OUTCOME, reason=Reason.OK, deploy="DEP-2", **change))
    counted = await ReportWriter(database, clock).count("2026-12")
    table = sheet(counted, "lab-results").table
    assert table is not None
    found = {name: (number, of) for name, number, of in table.rows}
    assert found["Attempts to decide one's own request"] == ("1", "engineer 1")
    assert found["Time to approval (median)"][0] == "10 d"
    assert found["Deploys under an emergency change"][0] == "1"
    assert counted.stretch.first == 3


async def test_usage_since_an_event_leaves_out_what_came_before(
    log: AuditLog, database: Database
) -> None:
    did = draft(kind=Kind.OUTCOME, reason=Reason.OK, policy_version="1")
    denied = draft(kind=Kind.REFUSED, reason=Reason.NOT_AUTHORISED, policy_version="2")
    await fill(log, did)
    await fill(log, did)
    await fill(log, denied)
    usage = await UsageReader(database).since(1)
    found = usage.used["engineer", "deploy"]
    assert (found.times, found.denied) == (1, 1)
    assert list(usage.policies) == ["1", "2"]
    assert (usage.first, usage.size) == (2, 3)
