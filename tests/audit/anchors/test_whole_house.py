"""A Wardroom with an anchor: it starts, anchors, and does not continue an older copy of its log."""

from __future__ import annotations

import math
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from bot.audit.anchors import Disagrees
from bot.audit.note import unverified
from bot.errors import AuditUnavailable
from bot.model import Reason
from bot.serving import web_app
from tests.house import opened, write_site

ANCHOR = "checkpoint"


def site(folder: Path, anchors: Mapping[str, object] | None = None) -> Path:
    """Write a hospital whose log is anchored in a file."""
    given = anchors or {"second-disk": {"file": ANCHOR}}
    return write_site(folder, "sqlite:///wardroom.db", audit={"anchors": given})


def swapped(file: Path, copy: Path | None) -> bytes:
    """Put a copy, or nothing, in the place of a database; returns what it holds then."""
    for left in file.parent.glob(f"{file.name}*"):
        left.unlink()
    if copy is None:
        return b""
    shutil.copy(copy, file)
    return file.read_bytes()


async def test_every_start_finds_what_the_last_one_left(tmp_path: Path) -> None:
    config = site(tmp_path)
    for text in ("whoami", "services"):
        async with opened(config) as chat:
            assert (await chat.say(text)).reason is Reason.OK
            chat.clock.turn(seconds=61)
            await chat.house.trail.anchors.look()
            said = await chat.house.trail.anchors.said()
            assert said == "Last anchored 0 s ago by 1 of 1."
    async with opened(config):
        held = unverified((tmp_path / ANCHOR).read_text())
    with sqlite3.connect(tmp_path / "wardroom.db") as beside:
        (size,) = beside.execute("SELECT size FROM audit_head").fetchone()
    assert held.size == size


@pytest.mark.parametrize("what", ["an older copy", "an empty one"])
async def test_an_older_copy_in_the_place_of_the_log_is_not_continued(
    tmp_path: Path, what: str
) -> None:
    config = site(tmp_path)
    file, kept = tmp_path / "wardroom.db", tmp_path / "copy.db"
    async with opened(config) as chat:
        await chat.say("whoami")
    shutil.copy(file, kept)
    async with opened(config) as chat:
        await chat.say("services")
    before = swapped(file, kept if what == "an older copy" else None)
    with pytest.raises(Disagrees, match=r"ROLLBACK.*second-disk") as told:
        async with opened(config):
            pass
    assert told.value.verdict == "ROLLBACK"
    if before:
        assert file.read_bytes() == before, "nothing was written into it"


async def test_a_clone_that_grew_by_itself_stops_the_one_that_finds_it(tmp_path: Path) -> None:
    """Two copies of one database, as a restore beside the running one makes them."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    anchor = {"second-disk": {"file": str(tmp_path / ANCHOR)}}
    async with opened(site(tmp_path / "a", anchor)) as chat:
        await chat.say("whoami")
    for name in ("wardroom.db", "audit.key"):
        shutil.copy(tmp_path / "a" / name, tmp_path / "b" / name)
    async with opened(write_site(tmp_path / "b", "sqlite:///wardroom.db")) as clone:
        for _ in range(9):  # it does not see the anchor
            await clone.say("recent")
    async with opened(site(tmp_path / "a", anchor)) as first:
        await first.say("services")
        first.clock.turn(seconds=61)
        await first.house.trail.anchors.look()
    with pytest.raises(Disagrees, match="FORK"):
        async with opened(site(tmp_path / "b", anchor)):
            pass


async def test_a_running_house_stops_writing_when_an_anchor_disagrees(tmp_path: Path) -> None:
    config = site(tmp_path)
    async with opened(config) as chat:
        await chat.say("whoami")
        note = (tmp_path / ANCHOR).read_text()
        origin, size, root, *rest = note.split("\n")
        (tmp_path / ANCHOR).write_text("\n".join([origin, str(int(size) + 900), root, *rest]))
        chat.clock.turn(seconds=61)
        await chat.house.trail.anchors.look()
        reply = await chat.say("deploy portal 1.4.2 to test --reason try it")
        assert reply.reason is Reason.AUDIT_UNAVAILABLE
        assert chat.ci.deploys == []
        assert chat.house.trail.log.trouble.startswith("ROLLBACK")
        with pytest.raises(AuditUnavailable, match="ROLLBACK"):
            await chat.house.trail.log.append(lambda _: pytest.fail("nothing is drafted"))


async def test_an_anchor_that_cannot_be_reached_stops_nobody(tmp_path: Path) -> None:
    config = site(tmp_path, {"away": {"file": "not-mounted/checkpoint"}})
    async with opened(config) as chat:
        assert (await chat.say("whoami")).reason is Reason.OK
        app = httpx.ASGITransport(web_app(chat.settings, chat.house, ()))
        async with httpx.AsyncClient(transport=app, base_url="http://127.0.0.1") as client:
            ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["checks"]["audit anchors"].startswith("away: there is no folder")
        assert math.isnan(chat.house.trail.anchors.age("away"))


async def test_a_channel_gets_the_checkpoint_to_keep(tmp_path: Path) -> None:
    config = site(tmp_path, {"people": {"channel": "slack:C0AUDIT", "every": 3600}})
    async with opened(config) as chat:
        (state,) = chat.house.trail.anchors.states
        shown = await chat.card(f"CHECKPOINT-{state.size}")
        assert unverified(shown.code + "\n" * (not shown.code.endswith("\n"))).size == state.size
        (letter,) = await chat.house.stores.letters.waiting(["slack"])
        assert letter.place.channel == "C0AUDIT"
        recorded = await chat.events(verb="audit anchor")
        assert [event.data["kind"] for event in recorded] == ["system"]
