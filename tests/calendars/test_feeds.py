"""Feeds in a running house: read, kept over a restart, and not believed once they are too old."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.calendars.document import FeedEntry
from bot.calendars.events import MOST_BYTES
from bot.calendars.fetching import fetched
from bot.errors import Unreachable
from bot.model import Reason
from tests.calendars.test_events import feed
from tests.databases import FixedClock
from tests.house import Chat, opened, write_site
from tests.serving import served

PRODUCTION = "deploy portal 1.4.2 to production --reason 'fix the banner'"
TEST = "deploy portal 1.4.2 to test --reason 'fix the banner'"
# The houses' clock begins at noon on 22 November 2026.
TODAY = feed(
    "UID:1\nSUMMARY:EHR upgrade\nDTSTART:20261122T110000Z\nDTEND:20261122T140000Z",
    "UID:2\nSUMMARY:Move\nDTSTART:20261124T110000Z\nDTEND:20261124T140000Z",
)
ENTRY = {"name": "go-lives", "owner": "cab", "reason": "go-live", "file": "go-lives.ics"}


def site_with(folder: Path, url: str, **entry: object) -> Path:
    """Write a site with a feed; returns the settings file."""
    document = {"feeds": [{**ENTRY, **entry}]}
    (folder / "calendars.yaml").write_text(json.dumps(document))
    return write_site(folder, url, calendars="calendars.yaml")


async def looked(chat: Chat) -> None:
    """Have the calendars looked at now."""
    await chat.house.control.freezes.look()


async def test_the_events_of_a_feed_are_freezes(site: Path, launched_url: str) -> None:
    (site.parent / "go-lives.ics").write_text(TODAY)
    async with opened(site_with(site.parent, launched_url)) as chat:
        await looked(chat)
        held = await chat.say(PRODUCTION)
        assert held.reason is Reason.FROZEN
        assert "`go-lives: EHR upgrade` until 2026-11-22 14:00 UTC" in held.text
        assert "last read" in held.text
        chat.clock.turn(hours=3)
        await looked(chat)
        assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL
        shown = await chat.say("freeze next portal")
        assert "`go-lives: Move` from 2026-11-24 11:00 UTC" in str(shown.fields)
        (event,) = await chat.events(verb="calendar feed")
        assert "changed: 2 events to come" in str(event.data["text"])


async def test_a_feed_that_was_never_read_closes_production_and_says_so(
    site: Path, launched_url: str
) -> None:
    async with opened(site_with(site.parent, launched_url)) as chat:
        await looked(chat)
        held = await chat.say(PRODUCTION)
        assert held.reason is Reason.FROZEN
        assert "counts as one" in held.text
        assert "was never read (go-lives.ics: there is no such file)" in held.text
        assert "Ask cab" in held.text
        assert (await chat.say(TEST)).reason is Reason.OK
        await chat.ended("DEP-1")
        listed = await chat.say("freeze list")
        assert listed.table is not None
        assert "was never read" in str(listed.table.rows)


async def test_a_feed_may_be_declared_open_while_it_is_unknown(
    site: Path, launched_url: str
) -> None:
    async with opened(site_with(site.parent, launched_url, if_unknown="open")) as chat:
        await looked(chat)
        assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL


async def test_the_last_good_copy_outlives_a_broken_feed_and_a_restart_until_it_is_too_old(
    site: Path, launched_url: str
) -> None:
    ics, clock = site.parent / "go-lives.ics", FixedClock()
    ics.write_text(TODAY)
    file = site_with(site.parent, launched_url, refresh="15m", stale_after="2h")
    async with opened(file, clock=clock) as chat:
        await looked(chat)
        clock.turn(minutes=20)
        ics.write_text("<html>Sign in</html>")
        await looked(chat)
        held = await chat.say(PRODUCTION)
        assert "`go-lives: EHR upgrade`" in held.text
        assert "20 min ago (is no iCalendar text" in held.text
    async with opened(file, clock=clock) as chat:
        assert "`go-lives: EHR upgrade`" in (await chat.say(PRODUCTION)).text
        clock.turn(minutes=101)  # the event is over, and what was read is 2 hours and a minute old
        clock.turn(minutes=60)
        await looked(chat)
        held = await chat.say(PRODUCTION)
        assert held.reason is Reason.FROZEN
        assert "last read at 2026-11-22 12:00 UTC (is no iCalendar text" in held.text
        assert "longer ago than 2 h" in held.text
        ics.write_text(TODAY)
        clock.turn(minutes=20)
        await looked(chat)
        assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL


async def test_a_feed_that_says_the_same_again_is_younger_and_not_recorded_twice(
    site: Path, launched_url: str
) -> None:
    (site.parent / "go-lives.ics").write_text(TODAY)
    file = site_with(site.parent, launched_url, refresh="15m", stale_after="2h")
    async with opened(file) as chat:
        for _ in range(5):
            await looked(chat)
            chat.clock.turn(minutes=40)
        await looked(chat)
        assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL
        assert len(await chat.events(verb="calendar feed")) == 1


async def test_holidays_may_come_from_a_feed(site: Path, launched_url: str) -> None:
    (site.parent / "days.ics").write_text(feed("UID:1\nDTSTART;VALUE=DATE:20261122\nSUMMARY:Day"))
    days = {"name": "days", "owner": "hr", "reason": "days", "file": "days.ics", "use": "holidays"}
    rule = {"name": "holidays", "owner": "cab", "reason": "few people", "holidays": "days"}
    document = {"zone": "Europe/London", "feeds": [days], "freezes": [rule]}
    (site.parent / "calendars.yaml").write_text(json.dumps(document))
    file = write_site(site.parent, launched_url, calendars="calendars.yaml")
    async with opened(file) as chat:
        await looked(chat)
        held = await chat.say(PRODUCTION)
        assert "`holidays: Day` until Mon 2026-11-23 00:00 Europe/London" in held.text
        chat.clock.turn(hours=12)
        await looked(chat)
        assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL


async def test_holidays_of_a_feed_are_no_working_days(site: Path, launched_url: str) -> None:
    (site.parent / "days.ics").write_text(feed("UID:1\nDTSTART;VALUE=DATE:20261124\nSUMMARY:Day"))
    days = {"name": "days", "owner": "hr", "reason": "days", "file": "days.ics", "use": "holidays"}
    other = {**ENTRY, "file": "days.ics"}  # a feed of freezes says nothing of holidays
    for feeds, due in (([days], 25), ([other], 24)):
        document = {"zone": "Europe/London", "feeds": feeds}
        (site.parent / "calendars.yaml").write_text(json.dumps(document))
        async with opened(
            write_site(site.parent, launched_url, calendars="calendars.yaml")
        ) as chat:
            control = chat.house.control
            assert control.freezes.is_holiday(date(2026, 11, 24)) is False  # not read yet
            await looked(chat)
            assert control.freezes.is_holiday(date(2026, 11, 24)) is (due > 24)
            assert control.freezes.is_holiday(date(2026, 11, 23)) is False
            # A Sunday: without the holiday the second working day is the Tuesday.
            assert control.working_days.later(chat.clock.now(), 2).day == due


def entry(url: str) -> FeedEntry:
    return FeedEntry.model_validate({"name": "x", "owner": "o", "reason": "r", "url": url})


async def test_a_feed_is_fetched_over_http_and_its_failures_are_sentences(tmp_path: Path) -> None:
    async def good(_request: object) -> Response:
        return PlainTextResponse(TODAY, media_type="text/calendar")

    async def gone(_request: object) -> Response:
        return PlainTextResponse("no", status_code=404)

    async def moved(_request: object) -> Response:
        return RedirectResponse("https://login.example/")

    async def huge(_request: object) -> Response:
        return PlainTextResponse("x" * (MOST_BYTES + 1))

    async def binary(_request: object) -> Response:
        return Response(b"\xff\xfe\x00")

    pages = {"good": good, "gone": gone, "moved": moved, "huge": huge, "binary": binary}
    app = Starlette(routes=[Route(f"/{name}", page) for name, page in pages.items()])
    async with served(app) as url:
        assert await fetched(entry(f"{url}/good?token=secret"), tmp_path) == TODAY
        for path, said in (
            ("gone", "answered 404"),
            ("moved", "sends it elsewhere"),
            ("huge", "longer than 5 MB"),
            ("binary", "not UTF-8"),
        ):
            with pytest.raises(Unreachable) as failed:
                await fetched(entry(f"{url}/{path}?token=secret"), tmp_path)
            assert said in failed.value.text
            assert "secret" not in failed.value.text
    with pytest.raises(Unreachable, match="cannot be reached"):
        await fetched(entry(f"{url}/good"), tmp_path)
