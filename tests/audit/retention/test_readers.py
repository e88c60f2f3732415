"""What else reads a log that was pruned: receivers, and formats with no place for a hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from bot.audit.export import Format, export
from bot.audit.forward.cursor import Cursor
from bot.audit.forward.forwarder import Forwarder
from bot.model import Event
from tests.audit.conftest import in_a_file
from tests.audit.retention.aged import DUE, Aged

MOMENT = timedelta(microseconds=1)


@dataclass
class Receiver:
    """A receiver of the log that came late."""

    got: list[int] = field(default_factory=list)

    async def send(self, events: Sequence[Event]) -> None:
        self.got += [each.seq for each in events]

    async def close(self) -> None:
        """There is nothing to close."""


async def test_a_receiver_that_comes_late_is_sent_what_is_left(aged: Aged) -> None:
    await aged.record(*map(str, range(25)))
    aged.clock.at = DUE + MOMENT
    await aged.hold(person="nobody")
    await aged.prune()
    late, cursor = Receiver(), Cursor(aged.database, "siem", "one")
    sender = Forwarder("siem", late, aged.database, cursor, aged.clock, 2, timedelta(minutes=9))
    for _ in range(3):
        await sender._round()
    assert late.got == [26, 27, 28]


@in_a_file
async def test_formats_without_a_place_for_it_leave_out_what_was_pruned(
    aged: Aged, tmp_path: Path
) -> None:
    await aged.record("a", "b")
    aged.clock.at = DUE + MOMENT
    await aged.prune()
    for form in (Format.FHIR, Format.OCSF, Format.CEF, Format.ATNA):
        made = aged.database.read_now(partial(export, file=tmp_path / form, form=form))
        assert (made.count, made.pruned, made.damaged) == (2, 2, ())
