"""The daily digest: what it counts, when it is posted, and that it is posted once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

import pytest
from pydantic import ValidationError

from bot.audit.digest import VERB, Digest
from bot.audit.log import AuditLog
from bot.audit.search import AuditSearch
from bot.digest_settings import DigestPlace
from bot.model import AuditQuery, Kind, Place, Reason, Reply
from bot.notices import TopicNotices
from bot.storage.database import Database
from bot.storage.deliveries import SqlDeliveries
from bot.storage.letters import SqlLetters
from bot.storage.topics import SqlTopics
from tests.audit.conftest import TurnedClock, in_a_file
from tests.audit.events import draft, fill

CHANNEL = Place("slack", "C0AUDIT")
DENIED: dict[str, Any] = {"kind": Kind.REFUSED, "reason": Reason.NOT_AUTHORISED}


@dataclass
class Desk:
    """A digest over a test's log, as one replica has it."""

    database: Database
    log: AuditLog
    clock: TurnedClock
    digest: Digest = field(init=False)

    def __post_init__(self) -> None:
        topics, letters = SqlTopics(self.database), SqlLetters(self.database)
        notices = TopicNotices(topics, letters, self.clock, lambda reply: reply, {}, {"slack"})
        self.digest = Digest(
            place=CHANNEL,
            hour=time(7),
            database=self.database,
            ledger=self.log,
            deliveries=SqlDeliveries(self.database),
            notices=notices,
            letters=letters,
            clock=self.clock,
        )

    async def posted(self) -> list[Reply]:
        box = SqlLetters(self.database)
        taken = [await box.take(one, one.due) for one in await box.waiting(["slack"])]
        assert {letter.place for letter, _ in filter(None, taken)} <= {CHANNEL}
        return [reply for _, reply in filter(None, taken)]


@pytest.fixture
def desk(database: Database, log: AuditLog, clock: TurnedClock) -> Desk:
    clock.at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    return Desk(database, log, clock)


async def events(search: AuditSearch) -> int:
    return len((await search.search(AuditQuery(verb=VERB))).events)


@in_a_file
async def test_it_counts_what_was_denied_tried_for_oneself_and_done_as_an_emergency(
    desk: Desk, log: AuditLog, clock: TurnedClock
) -> None:
    await fill(log, draft(**DENIED, person="from the day before"))
    clock.at = datetime(2026, 11, 21, 7, tzinfo=UTC)
    own = {"policies": ("never-the-requester",), "verb": "approve", "person": "engineer-2"}
    emergency = {"verb": "change open", "params": {"type": "emergency"}, "kind": Kind.OUTCOME}
    await fill(
        log,
        draft(),
        draft(**DENIED),
        draft(**DENIED),
        draft(**(DENIED | own)),
        draft(**emergency, reason=Reason.OK),
        draft(**emergency, reason=Reason.OK, person="another"),
        draft(**(emergency | {"kind": Kind.INTENT})),
        draft(kind=Kind.OUTCOME, reason=Reason.OK),
        draft(kind=Kind.REFUSED, reason=Reason.PHI_BLOCKED, person="", verb=""),
    )
    clock.at = datetime(2026, 11, 22, 7, tzinfo=UTC)
    await fill(log, draft(**DENIED, person="from the day after"))
    await desk.digest.look()
    (reply,) = await desk.posted()
    assert reply.table is not None
    assert [tuple(row) for row in reply.table.rows] == [
        ("approvals of one's own request", "engineer-2", "approve lab-results test", "1", "5"),
        ("denied", "engineer", "deploy lab-results test", "2", "3, 4"),
        ("emergencies", "another", "change open lab-results test", "1", "7"),
        ("emergencies", "engineer", "change open lab-results test", "1", "6"),
        ("stopped for patient data", "somebody", "lab-results test", "1", "10"),
    ]
    assert "2 denied, 2 emergencies" in reply.text
    assert "in 9 events" in reply.text


async def test_it_is_posted_once_at_its_hour_by_whichever_replica_is_first(
    desk: Desk, database: Database, log: AuditLog, search: AuditSearch, clock: TurnedClock
) -> None:
    other = Desk(database, log, clock)
    clock.at = datetime(2026, 11, 21, 6, 59, tzinfo=UTC)
    await asyncio.gather(desk.digest.look(), other.digest.look())
    assert await desk.posted() == []
    clock.turn(minutes=2)
    await asyncio.gather(*(each.digest.look() for each in (desk, other) * 3))
    clock.turn(hours=5)
    await asyncio.gather(desk.digest.look(), other.digest.look())
    (reply,) = await desk.posted()
    assert "nothing of note" in reply.text
    assert await events(search) == 1
    clock.turn(days=1)
    await other.digest.look()
    assert len(await desk.posted()) == 2
    assert await events(search) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"channel": "slack:C1", "at": 420},  # what YAML makes of 07:00
        {"channel": "slack:C1", "at": "7"},
        {"channel": "slack:C1", "at": "25:00"},
        {"channel": "C1"},
        {"channel": "mail:x"},
        {"at": "07:00"},
    ],
)
def test_settings_that_name_no_channel_or_no_hour_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"07:00|slack:C0123456789|required"):
        DigestPlace(**wrong)


def test_settings_name_a_channel_and_an_hour() -> None:
    given = DigestPlace.model_validate({"channel": "slack:C0AUDIT", "at": "06:30"})
    assert (given.place, given.at) == (CHANNEL, time(6, 30))
    assert DigestPlace(channel="teams:19:abc@thread.tacv2").at == time(7)
