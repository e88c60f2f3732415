"""The console says above everything else that everything is stopped."""

from __future__ import annotations

from typing import cast

import pytest

from bot.adapters.web.feed import Feed
from bot.adapters.web.live import Live
from bot.adapters.web.pages import Console, Drawing, templates
from bot.errors import StoreFailed
from bot.ports import Halt
from tests.databases import NOON

HALT = Halt(NOON, ("commander", "security-officer"), "somebody is in our network")


class Halts:
    """What the store says, or that it does not answer."""

    def __init__(self, halt: Halt | None, *, is_down: bool = False) -> None:
        self.halt, self.is_down = halt, is_down

    async def current(self) -> Halt | None:
        if self.is_down:
            raise StoreFailed("the database failed")
        return self.halt


def console(halts: Halts) -> Console:
    unused = object()  # the banner asks for nothing but the halt
    return Console(
        cast("Drawing", unused), cast("Live", unused), cast("Feed", unused), lambda _: [], halts
    )


@pytest.mark.parametrize(
    ("halts", "said"),
    [
        (Halts(None), ""),
        (Halts(HALT), "Everything is stopped since 2026-11-22 12:00 UTC by commander, security"),
        (Halts(HALT, is_down=True), "cannot be told, which counts as stopped"),
    ],
)
async def test_the_banner_says_who_and_why_and_fails_closed(halts: Halts, said: str) -> None:
    found = await console(halts)._halted()
    assert said in found
    assert bool(found) is bool(said)


def test_the_banner_is_drawn_and_escaped() -> None:
    page = templates().get_template("console.html")
    empty = {"messages": [], "waiting": [], "hints": [], "people": [], "after": 0, "page": "/"}
    assert "halted" not in page.render(**empty, persona="", halted="")
    drawn = page.render(**empty, persona="", halted="Everything is stopped: <b>")
    assert 'role="alert"' in drawn
    assert "stopped: &lt;b&gt;" in drawn
