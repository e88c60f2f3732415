"""What somebody with the database could try: it is refused, or found."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.audit.search import AuditSearch
from bot.model import AuditQuery
from tests.audit.conftest import in_a_file
from tests.audit.events import as_attacker, rows
from tests.audit.retention.aged import DUE, Aged

MOMENT = timedelta(microseconds=1)


def execute(aged: Aged, statement: str) -> None:
    aged.database.write_now(lambda c: c.execute(text(statement)))


async def test_sql_can_empty_nothing_but_what_the_log_says_was_pruned(aged: Aged) -> None:
    await aged.record(*map(str, range(4)))
    aged.clock.turn(days=1)
    await aged.record("young")
    aged.clock.at = DUE + MOMENT
    empty = "UPDATE audit SET body = '{}' WHERE seq = "
    for seq in (1, 5):
        with pytest.raises(DBAPIError):
            execute(aged, f"{empty}{seq}")
    await aged.prune()
    stored = rows(aged.database)
    for statement in (
        f"{empty}5",
        f"{empty}6",
        "UPDATE audit SET body = '{\"a\"\\:1}' WHERE seq = 1",
        "UPDATE audit SET leaf = body, body = '{}' WHERE seq = 1",
        "UPDATE audit SET seq = 99, body = '{}' WHERE seq = 1",
        "DELETE FROM audit WHERE seq = 1",
    ):
        with pytest.raises(DBAPIError):
            execute(aged, statement)
    assert rows(aged.database) == stored


async def test_a_content_that_was_deleted_by_hand_above_the_minimum_is_found(aged: Aged) -> None:
    await aged.record(*map(str, range(4)))
    aged.clock.turn(days=1)
    await aged.record("young", "younger")
    aged.clock.at = DUE + MOMENT
    await aged.prune()
    as_attacker(aged.database, text("UPDATE audit SET body = '{}' WHERE seq = 6"))
    findings = aged.verified()
    assert (findings.names, findings.first_bad) == (["BODY"], 6)
    assert findings.problems == ["the content of event 6 is gone: no event says it was pruned"]
    page = await AuditSearch(aged.database, deadline=60).search(AuditQuery())
    assert (page.damaged, page.pruned) == ((6,), 4)


async def test_a_held_event_that_was_deleted_by_hand_below_the_minimum_is_found(
    aged: Aged,
) -> None:
    await aged.record("a", "b", "c", person="engineer")
    await aged.record("d", person="held")
    await aged.record("e")
    await aged.hold(person="held")
    aged.clock.at = DUE + MOMENT
    await aged.prune()
    assert aged.gone() == [1, 2, 3, 5]
    as_attacker(aged.database, text("UPDATE audit SET body = '{}' WHERE seq = 4"))
    assert aged.verified().names == ["BODY"]


async def test_a_forged_minimum_is_found(aged: Aged) -> None:
    await aged.record(*map(str, range(4)))
    aged.clock.turn(days=1)
    await aged.record("young")
    aged.clock.at = DUE + MOMENT
    await aged.prune()
    wider = text("UPDATE audit SET body = replace(body, '\"1-4\"', '\"1-5\"') WHERE kind = 'prune'")
    as_attacker(aged.database, wider, text("UPDATE audit SET body = '{}' WHERE seq = 5"))
    findings = aged.verified()
    assert not findings.is_intact
    assert {"HASHES", "BODY"} <= set(findings.names)


@in_a_file
async def test_a_pruning_that_the_log_never_recorded_opens_nothing(aged: Aged) -> None:
    await aged.record(*map(str, range(4)))
    forged = (
        '{"kind":"prune","params":{"archive":"x","events":"1-3","sha256":"y","through":"3"},'
        '"seq":5,"ts":1}'
    )
    insert = text("INSERT INTO audit (seq, body, leaf) VALUES (5, :body, x'00')")
    aged.database.write_now(lambda c: c.execute(insert, {"body": forged}))
    with pytest.raises(DBAPIError):
        aged.database.write_now(
            lambda c: c.execute(text("UPDATE audit SET body = '{}' WHERE seq = 1"))
        )
    as_attacker(aged.database, text("UPDATE audit SET body = '{}' WHERE seq = 1"))
    assert {"SIZE", "BODY"} <= set(aged.verified().names)
