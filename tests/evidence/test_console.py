"""The console serves the evidence and the calendar to whoever may read them, by the road."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path

import httpx
from click.testing import CliRunner

from bot.adapters.web.persona import COOKIE
from bot.cli.change import command as change
from bot.serving import web_app
from tests.house import Chat


async def test_the_page_the_zip_and_the_calendar_are_downloads(chat: Chat) -> None:
    await chat.say("change open portal test --summary s --impact none --backout b")
    transport = httpx.ASGITransport(web_app(chat.settings, chat.house, []), client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as browser:
        nobody = await browser.get("/changes/CHG-1/evidence.zip")
        assert nobody.status_code == 403
        browser.cookies.set(COOKIE, "security-officer")
        zipped = await browser.get("/changes/CHG-1/evidence.zip")
        assert zipped.status_code == 200, zipped.text
        assert zipped.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(zipped.content)) as archive:
            assert "evidence-CHG-1/verify_export.py" in archive.namelist()
        page = await browser.get("/changes/CHG-1/evidence")
        assert page.status_code == 200
        assert "Every event" in page.text
        week = await browser.get("/changes")
        assert "CHG-1" in week.text
        file = await browser.get("/changes.ics")
        assert file.headers["content-type"].startswith("text/calendar")
        assert b"SUMMARY:CHG-1 portal test" in file.content
        assert (await browser.get("/changes/CHG-9/evidence")).status_code == 404
    made = await chat.events(verb="change evidence", change="CHG-1")
    assert [event.data["kind"] for event in made].count("outcome") >= 2


async def test_the_command_line_writes_a_new_file_and_says_who_made_it(
    chat: Chat, site: Path
) -> None:
    await chat.say("change open portal test --summary secret-words --impact none --backout b")
    out = site.parent / "chg-1.zip"
    line = ["evidence", "CHG-1", "--out", str(out), "--config", str(site)]

    done = await asyncio.to_thread(CliRunner().invoke, change, line)

    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(out) as archive:
        assert b"secret-words" not in b"".join(map(archive.read, archive.namelist()))
    again = await asyncio.to_thread(CliRunner().invoke, change, line)
    assert again.exit_code != 0, "a file that is there is left alone"
