"""While the log cannot be written, what reads from elsewhere goes on; its record comes later."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.errors import AuditUnavailable, ConfigurationError
from bot.model import Build, Reason, Service
from tests.house import Chat, opened, write_site

TEST = "deploy portal 1.4.2 to test --reason try it"


async def broken(*_args: object, **_within: object) -> None:
    raise AuditUnavailable("the database does not answer")


class Away:
    """The log does not answer as long as the block lasts."""

    def __init__(self, chat: Chat) -> None:
        self._log, self._append = chat.house.trail.log, chat.house.trail.log.append

    def __enter__(self) -> None:
        self._log.append = broken  # type: ignore[method-assign,assignment] # see the class

    def __exit__(self, *_: object) -> None:
        self._log.append = self._append  # type: ignore[method-assign] # it is back


async def test_what_reads_from_elsewhere_goes_on_and_is_recorded_late(chat: Chat) -> None:
    with Away(chat):
        for text in ("ci status portal", "help"):
            assert (await chat.say(text)).reason is Reason.OK, text
        assert (await chat.say("depoly")).reason is Reason.UNKNOWN_COMMAND
        assert (await chat.say(TEST)).reason is Reason.AUDIT_UNAVAILABLE
        assert chat.house.trail.spool.trouble == "6 records wait until the log can be written"
    await chat.house.trail.spool.look()
    late = [event.data for event in await chat.events() if "late" in event.data]
    said = [(data.get("verb", ""), data["kind"], data.get("reason", "")) for data in late]
    assert said == [
        ("ci status", "intent", ""),
        ("ci status", "outcome", "ok"),
        ("help", "intent", ""),
        ("help", "outcome", "ok"),
        ("", "refused", "unknown_command"),
        ("deploy", "refused", "audit_unavailable"),
    ]
    assert [data["late"]["n"] for data in late] == list("123456")  # type: ignore[call-overload,index] # JSON
    assert chat.house.trail.spool.trouble == ""
    assert (await chat.house.trail.audit.verify()).ok


async def test_what_follows_a_spooled_intent_is_spooled_behind_it(chat: Chat) -> None:
    away, recent = Away(chat), chat.ci.recent

    async def back(service: Service) -> Sequence[Build]:
        away.__exit__()
        return await recent(service)

    chat.ci.recent = back  # type: ignore[method-assign,assignment] # the log comes back meanwhile
    away.__enter__()
    assert (await chat.say("ci status portal")).reason is Reason.OK
    kinds = [event.data["kind"] for event in await chat.events(verb="ci status")]
    assert kinds == []
    await chat.house.trail.spool.look()
    kinds = [event.data["kind"] for event in await chat.events(verb="ci status")]
    assert kinds == ["intent", "outcome"]


async def test_a_house_that_is_closed_meanwhile_merges_at_its_next_start(site: Path) -> None:
    async with opened(site) as chat:
        Away(chat).__enter__()
        await chat.say("ci status portal")
    async with opened(site) as chat:
        kinds = [event.data["kind"] for event in await chat.events(verb="ci status")]
        assert kinds == ["intent", "outcome"]
        assert list((site.parent / "spool").iterdir()) == []


async def test_a_log_that_is_locked_lets_a_reading_through_within_the_deadline(site: Path) -> None:
    async with opened(site) as chat:
        blocker = sqlite3.connect(site.parent / "wardroom.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        assert (await chat.say("ci status portal")).reason is Reason.OK
        assert chat.house.trail.records.is_away
        blocker.execute("ROLLBACK")
        blocker.close()
        while chat.house.trail.records.is_away:
            await chat.house.trail.spool.look()
        assert len(await chat.events(verb="ci status")) == 2
        assert (await chat.say(TEST)).reason is Reason.OK
        await chat.ended("DEP-1")


async def test_settings_can_make_a_command_stricter(launched_url: str, tmp_path: Path) -> None:
    strict = {"strictness": {"ci status": "strict"}}
    async with opened(write_site(tmp_path, launched_url, audit=strict)) as chat:
        with Away(chat):
            assert (await chat.say("ci status portal")).reason is Reason.AUDIT_UNAVAILABLE
            assert (await chat.say("help")).reason is Reason.OK


async def test_without_a_spool_everything_needs_the_log(launched_url: str, tmp_path: Path) -> None:
    async with opened(write_site(tmp_path, launched_url, audit={"spool": False})) as chat:
        with Away(chat):
            assert (await chat.say("help")).reason is Reason.AUDIT_UNAVAILABLE


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"change": "spool-ok"}, "can only be strict"),
        ({"deploy": "spool-ok"}, "can only be strict"),
        ({"ci statsu": "strict"}, "neither a command nor one of read, change, critical"),
        ({"read": "none"}, "nothing runs here without a record"),
    ],
)
async def test_nothing_can_be_made_less_strict(
    launched_url: str, tmp_path: Path, asked: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        async with opened(write_site(tmp_path, launched_url, audit={"strictness": asked})):
            pass
