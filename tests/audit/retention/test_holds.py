"""What a legal hold covers stays, whatever its age, until two people lift it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.audit.retention.holds import read_holds
from bot.errors import Conflict
from bot.storage.database import Database
from tests.audit.conftest import in_a_file
from tests.audit.events import as_attacker
from tests.audit.retention.aged import DAY, DUE, Aged

LATER = DUE + timedelta(days=30)
YEARS = 9_999


async def test_a_hold_blocks_pruning_and_a_lifted_hold_frees(aged: Aged) -> None:
    await aged.record("a", "b", person="held")
    await aged.record("c", person="other")
    name = await aged.hold(person="held")
    aged.clock.at = LATER
    outcome = await aged.prune()
    assert (outcome.held, aged.gone()) == (2, [3])
    assert aged.verified().problems == []
    await aged.lift(name)
    outcome = await aged.prune()
    assert (outcome.count, outcome.held) == (2, 0)
    assert aged.gone() == [1, 2, 3]
    assert [each.parent.name.partition(".")[0] for each in aged.files()] == ["1-2", "3-3"]
    assert aged.verified().problems == []


@pytest.mark.parametrize(
    ("terms", "gone"),
    [
        ({"service": "lab-results"}, [2, 4, 5]),
        ({"person": "engineer"}, [2, 3]),
        ({"service": "lab-results", "person": "engineer"}, [2, 3, 4, 5]),
        ({"since": (DAY + timedelta(days=2)).isoformat()}, [1, 2]),
        ({"before": (DAY + timedelta(days=1)).isoformat()}, [2, 3, 4, 5]),
        (
            {"service": "portal", "before": (DAY + timedelta(days=2)).isoformat()},
            [1, 3, 4, 5],
        ),
    ],
)
@in_a_file
async def test_a_hold_is_of_everything_for_which_all_of_it_is_so(
    aged: Aged, terms: dict[str, str], gone: list[int]
) -> None:
    for person, service in (
        ("engineer", "lab-results"),
        ("other", "portal"),
        ("other", "lab-results"),
        ("engineer", "portal"),
        ("engineer", ""),
    ):
        await aged.record("x", person=person, service=service, correlation=f"{person}{service}")
        aged.clock.turn(days=1)
    await aged.hold(**terms)
    aged.clock.at = LATER
    await aged.prune()
    held = {1, 2, 3, 4, 5} - set(gone)
    if terms == {"service": "lab-results", "person": "engineer"}:
        held = {1}
    assert {1, 2, 3, 4, 5} - set(aged.gone()) == held


@in_a_file
async def test_a_hold_on_an_incident_keeps_what_was_caused_with_it(aged: Aged) -> None:
    await aged.record("asked", correlation="c-1")
    await aged.record("done", correlation="c-1", incident="INC-3")
    await aged.record("else", correlation="c-2", incident="INC-4")
    await aged.hold(incident="INC-3")
    aged.clock.at = LATER
    await aged.prune()
    assert aged.gone() == [3]


async def test_nothing_is_pruned_where_a_hold_was_taken_out_of_the_database(aged: Aged) -> None:
    await aged.record("a", person="held")
    await aged.hold(person="held")
    aged.clock.at = LATER
    change(aged.database, "DELETE FROM audit_hold")
    with pytest.raises(Conflict, match="The hold of event 2 is not in the database"):
        await aged.prune()
    assert aged.gone() == []


@in_a_file
async def test_nothing_is_pruned_where_a_hold_was_changed_in_the_database(aged: Aged) -> None:
    await aged.record("a", person="held")
    await aged.hold(person="held")
    aged.clock.at = LATER
    change(aged.database, "UPDATE audit_hold SET terms = replace(terms, 'held', 'other')")
    with pytest.raises(Conflict, match="not in the database as it was recorded"):
        await aged.prune()
    change(aged.database, "UPDATE audit_hold SET terms = replace(terms, 'other', 'held')")
    change(aged.database, "UPDATE audit_hold SET lifted = 'c-9'")
    with pytest.raises(Conflict, match="Nobody recorded that HOLD-1 was lifted"):
        await aged.prune()


@in_a_file
async def test_the_record_of_a_hold_that_was_changed_stops_pruning(aged: Aged) -> None:
    await aged.record("a", person="held")
    await aged.hold(person="held")
    aged.clock.at = LATER
    wider = text("UPDATE audit SET body = replace(body, 'held', 'none') WHERE seq = 2")
    as_attacker(aged.database, wider)
    with pytest.raises(Conflict, match="Event 2, of a hold, is damaged"):
        await aged.prune()


async def test_a_hold_is_lifted_once(aged: Aged) -> None:
    name = await aged.hold(service="lab-results")
    await aged.lift(name)
    with pytest.raises(Conflict, match="not in force"):
        await aged.lift(name)
    (hold,) = aged.database.read_now(read_holds)
    assert (hold.id, hold.lifted_by) == ("HOLD-1", "auditor")


@in_a_file
async def test_the_records_of_holds_are_kept_so_that_they_can_be_compared(aged: Aged) -> None:
    await aged.record("a", person="held")
    name = await aged.hold(person="held")
    await aged.lift(name)
    aged.clock.at = LATER
    await aged.prune()
    aged.clock.turn(days=YEARS)
    await aged.prune()
    assert {1, 2, 3} & set(aged.gone()) == {1}
    assert aged.verified().problems == []


def change(database: Database, statement: str) -> None:
    database.write_now(lambda c: c.execute(text(statement)))
