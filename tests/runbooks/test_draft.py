"""The first text of a runbook, from an answered form."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.runbook import command
from bot.model import Reason
from tests.house import Chat, opened, write_site

LINE = (
    'runbook new portal-down --title "The portal: does it answer?" --owner web-team '
    '--review-by 2027-03-31 --severity 2 --summary "Patients can\'t open #1." --service portal'
)


@pytest.fixture
async def chat(launched_url: str, tmp_path: Path) -> AsyncIterator[Chat]:
    """A running house that a test types to."""
    folder = tmp_path / "runbooks"
    folder.mkdir()
    async with opened(write_site(tmp_path, launched_url, runbooks=[str(folder)])) as open_chat:
        yield open_chat


async def test_the_text_is_a_runbook_that_passes_the_lint_and_can_be_run(
    chat: Chat, tmp_path: Path
) -> None:
    said = await chat.say(LINE)
    assert said.reason is Reason.OK
    assert list((tmp_path / "runbooks").iterdir()) == [], "nothing is written on the server"

    file = tmp_path / "runbooks/portal-down.yaml"
    file.write_text(said.code)
    linted = CliRunner().invoke(command, ["lint", str(file)])
    assert linted.output == "1 runbook, nothing to mend\n"
    shown = await chat.say("runbook show portal-down")
    assert shown.title == "The portal: does it answer?"
    assert shown.text == "Patients can't open #1."
    assert dict(shown.fields)["Services"] == "portal"
    assert shown.items[0] == "1. probes (run): probe all portal"
    begun = await chat.say("runbook run portal-down")
    assert begun.reason is Reason.OK


async def test_without_a_service_there_is_nothing_to_probe(chat: Chat) -> None:
    said = await chat.say(LINE.replace(" --service portal", ""))
    assert said.reason is Reason.OK
    assert "probe" not in said.code


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("portal-down", "Portal_down", "name: must be lower-case letters"),
        ("2027-03-31", "soon", "review_by"),
        ("--severity 2", "--severity 7", "severity"),
        ("portal-down", "pacs-unreachable", "There is a runbook pacs-unreachable"),
        ("can't open", "{{ open }}", "open is no parameter"),
    ],
)
async def test_what_would_be_no_runbook_is_said(chat: Chat, old: str, new: str, says: str) -> None:
    refused = await chat.say(LINE.replace(old, new))
    assert refused.reason is Reason.BAD_INPUT
    assert says in refused.text
