"""Moments: written in one form, found again in any text, shown in the reader's own zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Reply, Step, StepState, Table
from bot.moments import Moment, at_time, split, written
from bot.render import blocks, cards
from bot.render.html import html
from bot.render.plain import clean
from bot.render.text import text
from tests.render import block_reading, card_reading
from tests.render.html_reading import Page
from tests.render.samples import ATTACKS

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 11, 22, 9, 39, 5, tzinfo=UTC)
SAID = "2026-11-22 09:39 UTC"
EVERYWHERE = Reply(
    f"Begun at {SAID}.",
    fields=(("Expires", f"{SAID}, and then it is not run"),),
    items=(f"until {SAID}",),
    table=Table(("Build", "Begun"), (("17", SAID), ("16", ""))),
    progress=(Step("CI is green", StepState.DONE, f"since {SAID}"),),
    code=f"{SAID} INFO begun",
)


def dates(made: blocks.Message) -> list[dict[str, Any]]:
    """Return the moments of a Slack message, in order."""
    return [part for part in block_reading.walk(made.blocks) if part.get("type") == "date"]


def test_a_moment_is_written_with_its_day_and_its_zone() -> None:
    assert written(AT) == SAID
    assert written(AT, to_the_second=True) == "2026-11-22 09:39:05 UTC"
    assert written(AT.astimezone(timezone(timedelta(hours=-12)))) == SAID
    assert (at_time(AT), at_time(None)) == (f"at {SAID}", "earlier")


def test_a_moment_is_found_again_where_it_was_written() -> None:
    minute, second = AT.replace(second=0), "2026-11-22 09:39:05 UTC"
    assert list(split(f"from {SAID} to {second}.")) == [
        "from ",
        Moment(minute, SAID, has_seconds=False),
        " to ",
        Moment(AT, second, has_seconds=True),
        ".",
    ]


@pytest.mark.parametrize(
    "said",
    [
        "",
        "2026-11-22",
        "09:39 UTC",
        "2026-11-22 09:39",
        "2026-02-30 09:39 UTC",
        "2026-11-22 24:39 UTC",
        "2026-11-22 09:39 UTC+2",
        "2026-11-22 09:39 UTC -05:00",
        "2026-11-22 09:39 UTCx",
        "12026-11-22 09:39 UTC",
        "REQ-2026-11-22 09:39 UTC",
        "2026-11-22 09:00 to 2026-11-22 09:39 UTC",
        "between 2026-11-22 09:00 and 2026-11-22 09:39 UTC",
        "2026-11-22 09:00 \u2013 2026-11-22 09:39 UTC",
        "2026-11-22 09:00\u20132026-11-22 09:39 UTC",
        "1926-11-22 09:39 UTC",
        "\u0662\u0660\u0662\u0666-11-22 09:39 UTC",
    ],
)
def test_what_is_no_moment_or_another_one_stays_as_it_is(said: str) -> None:
    assert list(split(said)) == ([said] if said else [])


@given(st.lists(st.text(max_size=20) | st.datetimes().map(str), max_size=6))
def test_a_text_is_its_parts(parts: list[str]) -> None:
    said = " UTC ".join(parts)
    split_up = list(split(said))
    assert "".join(p if isinstance(p, str) else p.text for p in split_up) == said
    assert "" not in split_up


def test_slack_shows_a_moment_in_the_readers_zone_and_says_it_in_utc_elsewhere() -> None:
    made = blocks.message(EVERYWHERE)
    block_reading.check(made)
    found = dates(made)
    assert [one["fallback"] for one in found] == [SAID] * 5
    assert {one["timestamp"] for one in found} == {int(AT.replace(second=0).timestamp())}
    assert {one["format"] for one in found} == {"{date_short}, {time}"}
    assert made.text.count(SAID) == 6
    assert f"{SAID} INFO begun" in block_reading.words(made), "a log stays as it was written"


def test_seconds_are_shown_where_they_were_written() -> None:
    said = written(AT, to_the_second=True)
    [date] = dates(blocks.message(Reply(said)))
    assert (date["timestamp"], date["fallback"]) == (int(AT.timestamp()), said)
    assert "{time_secs}" in date["format"]
    card = cards.message(Reply(said)).card
    assert card_reading.moments(card) == ["2026-11-22T09:39:05Z"]
    assert '<time datetime="2026-11-22T09:39:05Z">' in html(Reply(said))


def test_teams_computes_a_moment_in_the_readers_zone_and_keeps_the_clock_in_utc() -> None:
    made = cards.message(EVERYWHERE)
    card_reading.check_message(made)
    card_reading.check_nothing_acts(made.card)
    assert card_reading.moments(made.card) == ["2026-11-22T09:39:00Z"] * 5
    assert card_reading.words(made.card).count("(09:39 UTC)") == 5
    assert made.text.count(SAID) == 6
    assert "{{" not in str(made.card["fallbackText"])


def test_the_console_is_told_what_a_moment_is() -> None:
    page = Page(html(EVERYWHERE))
    assert page.all("time") == [{"datetime": "2026-11-22T09:39:00Z"}] * 5
    assert "".join(page.said).count(SAID) == 6


def test_plain_text_stays_in_utc() -> None:
    assert text(EVERYWHERE).count(SAID) == 6


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_moment_in_somebodys_text_changes_nothing_else_of_it(attack: str) -> None:
    said = f"{attack} {SAID} {attack}"
    slack, teams = blocks.message(Reply(said)), cards.message(Reply(said))
    block_reading.check(slack)
    assert len(dates(slack)) == 1
    assert not [live for live in block_reading.LIVE if live in block_reading.words(slack)]
    card_reading.check_message(teams)
    card_reading.check_nothing_acts(teams.card)
    page = Page(html(Reply(said)))
    assert "".join(page.said).replace("`", "") == clean(said).replace("`", "").replace("\n", "")


@pytest.mark.parametrize(
    "around", ["{{%s}}", "{%s}", "${%s}", "{{DATE(%s)}}", "{{TIME(%s, SHORT)}}"]
)
def test_a_moment_builds_nothing_together_with_what_stands_around_it(around: str) -> None:
    made = cards.message(Reply(around % SAID))
    card_reading.check_message(made)
    card_reading.check_nothing_acts(made.card)
    assert card_reading.moments(made.card) == ["2026-11-22T09:39:00Z"]


def test_a_long_message_gives_its_dates_up_before_its_rows() -> None:
    rows = tuple((str(number), SAID, SAID) for number in range(60))
    made = blocks.message(Reply("All.", table=Table(("n", "from", "to"), rows)))
    block_reading.check(made)
    assert dates(made) == []
    [table] = [part for part in block_reading.walk(made.blocks) if part.get("type") == "table"]
    assert len(table["rows"]) == 61
    assert table["rows"][60][1] == {"type": "raw_text", "text": SAID}


CLOCK = re.compile(r"%H:%M")
# Not what is said in a reply: how moments are written and drawn, the console's pages, exports.
MAY = {
    *("bot/moments.py", "bot/render/card_kit.py", "bot/render/html.py", "bot/cli/audit.py"),
    *("bot/adapters/web/listing.py", "bot/audit/export/syslog.py"),
    # The clock on a site's wall, which is what a freeze is declared by and a moment typed in.
    *("bot/calendars/typed.py", "bot/calendars/words.py", "bot/changes/templates.py"),
    *("bot/doctor/runbooks.py",),
    # Ids that hold a moment: nobody reads them.
    *("bot/runbooks/timetable.py", "bot/probing/telling.py"),
}


def test_the_engine_writes_a_moment_in_one_place() -> None:
    files = (path for path in (ROOT / "bot").rglob("*.py"))
    found = {str(p.relative_to(ROOT)) for p in files if CLOCK.search(p.read_text("utf-8"))}
    assert found <= MAY, "say it with bot.moments.written, so that readers see their own time"
