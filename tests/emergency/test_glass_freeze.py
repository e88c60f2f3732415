"""A break-glass passes the freezes that have an exception for it, loudly, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.model import Reason
from tests.emergency.hospital import BREAK, write_hospital
from tests.house import opened

DEPLOY = 'deploy lab-results 1.4.2 to production --reason "the queue is stuck"'
EXCEPTION = {"break_glass": True, "reason": "patients come first"}


def frozen(folder: Path, url: str, *exceptions: object) -> Path:
    """Write the hospital with its production frozen all day; returns the settings file."""
    freeze = {
        "name": "month end",
        "owner": "finance",
        "reason": "the books are closed",
        "start": "2026-11-22 00:00",
        "end": "2026-11-23 00:00",
        "environments": ["production"],
        "exceptions": exceptions,
    }
    (folder / "calendars.yaml").write_text(json.dumps({"freezes": [freeze]}))
    return write_hospital(folder, url, calendars="calendars.yaml")


async def test_a_freeze_that_lets_it_pass_is_named_on_the_card(
    tmp_path: Path, launched_url: str
) -> None:
    async with opened(frozen(tmp_path, launched_url, EXCEPTION)) as chat:
        assert (await chat.say(DEPLOY)).reason is Reason.FROZEN
        await chat.say(BREAK, as_="commander")
        begun = await chat.say(DEPLOY, as_="commander")
        assert begun.reason is Reason.OK, begun.text
        assert dict(begun.fields)["BREAK-GLASS"].startswith("BG-1, for INC-3")
        await chat.ended("DEP-1")
        card = await chat.card("DEP-1")
        (passed,) = [step for step in card.progress if step.label.startswith("Freeze passed")]
        assert passed.detail == "`month end` of finance, under BG-1 for INC-3"


@pytest.mark.parametrize("exceptions", [(), ({"services": ["portal"], "reason": "no money"},)])
async def test_a_freeze_without_such_an_exception_holds(
    tmp_path: Path, launched_url: str, exceptions: tuple[object, ...]
) -> None:
    async with opened(frozen(tmp_path, launched_url, *exceptions)) as chat:
        await chat.say(BREAK, as_="commander")
        assert (await chat.say(DEPLOY, as_="commander")).reason is Reason.FROZEN
        assert chat.ci.deploys == []
