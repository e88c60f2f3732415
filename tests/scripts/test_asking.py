"""Scripts that only read, as people and runbooks ask them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.model import Account, Place, Reason
from tests.house import opened
from tests.runbooks.books import book
from tests.runbooks.books import write as write_book
from tests.scripts.site import entry, hospital, program, reading

if TYPE_CHECKING:
    from pathlib import Path

COUNT = "import sys; print('queued=12'); print('hidden=3'); print('sent: 4'); sys.exit({code})"


async def test_what_a_script_found_is_in_its_figures_for_whoever_decides_by_it(
    launched_url: str, tmp_path: Path
) -> None:
    good, bad = (
        reading(
            name,
            [program(tmp_path, name, COUNT.format(code=code))],
            figures=["queued", "sent"],
            runbooks=name == "good",
        )
        for name, code in (("good", 0), ("bad", 4))
    )
    absent = reading("absent", ["/nonexistent/program"])
    site = hospital(tmp_path, launched_url, good, bad, absent, entry("changes", ["/bin/true"]))
    async with opened(site) as chat:
        said = await chat.say("script ask good")
        assert said.reason is Reason.OK
        assert said.text == "good on this machine ended with exit code 0: passed."
        assert dict(said.refs) == {
            "script": "good",
            "exit_code": "0",
            "queued": "12",
            "standing": "passed",
        }
        failed = await chat.say("script ask bad")
        assert (failed.reason, failed.refs["standing"]) == (Reason.OK, "failed")
        unknown = await chat.say("script ask absent")
        assert unknown.refs["standing"] == "unknown"
        assert "could not be asked: /nonexistent/program cannot be started" in unknown.text
        assert (await chat.say("script ask changes")).text.startswith("changes changes something")
        assert "type `script ask good`" in (await chat.say("script run good --reason x")).text
        listed = await chat.say("script list")
        assert listed.table is not None
        assert [row[0] for row in listed.table.rows] == ["absent", "bad", "changes", "good"]
        assert "Figures" in dict((await chat.say("script show good")).fields)
        typed = Place("runbook", "RUN-1")
        engineer = Account("terminal", "engineer")
        assert (await chat.say("script ask good", account=engineer, place=typed)).refs
        barred = await chat.say("script ask bad", account=engineer, place=typed)
        assert barred.reason is Reason.BAD_INPUT
        assert "may not be used in runbooks" in barred.text
        assert (await chat.say("script ask good", as_="service-desk")).reason is (
            Reason.NOT_AUTHORISED
        )


async def test_a_site_without_scripts_says_how_to_have_some(
    launched_url: str, tmp_path: Path
) -> None:
    site = hospital(tmp_path, launched_url)
    async with opened(site) as chat:
        assert "docs/scripts.md" in (await chat.say("script list")).text
        assert (await chat.say("script status")).text == "No script was run yet."
        assert (await chat.say("script show x")).reason is Reason.NOT_FOUND


@pytest.mark.thorough
async def test_a_runbook_may_use_only_the_scripts_that_say_so(
    launched_url: str, tmp_path: Path
) -> None:
    shelf = tmp_path / "runbooks"
    shelf.mkdir()
    steps = [
        {"id": "count", "run": "script ask count"},
        {"id": "again", "run": "script run count --reason x"},
        {"id": "restart", "run": "script run restart --reason x"},
        {"id": "none", "run": "script run rstart --reason x"},
    ]
    write_book(shelf, book(steps=steps))
    count = reading("count", ["/bin/true"], runbooks=True)
    site = hospital(tmp_path, launched_url, count, entry("restart", ["/bin/true"]))
    settings = site.read_text("utf-8")
    site.write_text(settings.replace('"mode"', '"runbooks": ["runbooks"], "mode"', 1), "utf-8")
    async with opened(site) as chat:
        shown = await chat.say("runbook show late-results")
        assert shown.items == (
            "steps.again.run: count is typed as `script ask count`",
            "steps.restart.run: restart may not be used in runbooks: its entry does not say so",
            "steps.none.run: there is no script rstart (did you mean restart?)",
        )
        refused = await chat.say("runbook run late-results with service=portal")
        assert refused.reason is Reason.BAD_INPUT
