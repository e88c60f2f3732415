"""What the log knows is found, however slowly: a search that ran out of time is gone on with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from bot.lookback import every, is_recorded
from bot.model import AuditPage, AuditQuery, Event
from tests.databases import NOON

SIZE, STRIDE = 100, 7
HELD = (12, 40, 41)


@dataclass
class Late:
    """A reader whose time is up after a few events, as that of a busy machine is."""

    asked: list[AuditQuery] = field(default_factory=list)

    async def search(self, query: AuditQuery) -> AuditPage:
        self.asked.append(query)
        end = query.before or SIZE + 1
        reached = max(end - STRIDE, 1)
        found = [seq for seq in reversed(range(reached, end)) if seq in HELD]
        events = tuple(Event(seq, NOON, b"", b"", {}) for seq in found[: query.limit])
        if len(found) > query.limit:
            return AuditPage(events, events[-1].seq)
        is_over = reached == 1
        return AuditPage(
            events, None if is_over else reached, searched_back_to=None if is_over else NOON
        )

    async def count(self, *_: object, **__: object) -> NoReturn:
        raise AssertionError

    show = verify = count


async def test_an_old_event_is_found_by_a_reader_whose_time_is_always_up() -> None:
    late = Late()
    assert await is_recorded(late, AuditQuery(deploy="DEP-7"))
    assert len(late.asked) > 1, "one look was not enough"
    assert {query.deploy for query in late.asked} == {"DEP-7"}


async def test_every_event_is_found_once_newest_first() -> None:
    found = [event.seq async for event in every(Late(), AuditQuery(limit=1))]
    assert found == [41, 40, 12]


async def test_what_was_never_recorded_is_known_only_at_the_beginning_of_the_log() -> None:
    late = Late()
    assert not await is_recorded(late, AuditQuery(before=HELD[0]))
    assert len(late.asked) == 2
