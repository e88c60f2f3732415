"""--dry-run on whatever changes something: every check is made, nothing is changed."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

import commands
from bot import registry
from bot.api import Command, Reply
from bot.app import build
from bot.dispatch.grammar import grammar
from bot.errors import ConfigurationError
from bot.ground import Outside
from bot.model import Args, Reason, Risk, Visibility
from bot.storage.tables import DELIVERIES, METADATA
from tests.house import Chat
from tests.twins import TwinProber

ASK = "deploy lab-results 1.4.2 to production --reason fix the stuck queue"
OPEN = (
    "change open portal production --summary s --impact none --backout rollback --risk low "
    "--sites main --implementation i --test-evidence t --validator engineer-2 --hours 4"
)
KNOWN = registry.discover(commands).commands


async def rows(chat: Chat) -> dict[str, list[tuple[object, ...]]]:
    def read(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select())]
            for table in METADATA.sorted_tables
            if table is not DELIVERIES
        }

    return await chat.house.database.read(read)


@pytest.mark.parametrize(
    ("text", "who", "says"),
    [
        (ASK, "engineer", "2 approvals"),
        ("approve REQ-1", "release-manager", "Your approval of REQ-1 counts"),
        ("reject REQ-1 --reason no", "release-manager", "REQ-1 was rejected"),
        ("cancel REQ-1", "engineer", "REQ-1 was cancelled"),
        (OPEN, "engineer", "CHG-2 is open"),
        ("change close CHG-1 successful --note n", "engineer", "CHG-1 is closed"),
        ("ci run portal 1.4.2", "engineer", "Build portal 1.4.2"),
        ("deploy portal 1.4.2 to test --reason x", "engineer", "nothing"),
        ("link", "engineer", "A code to link another chat was made"),
    ],
)
async def test_a_dry_run_says_what_would_happen_and_changes_nothing(
    chat: Chat, text: str, who: str, says: str
) -> None:
    await chat.say(ASK)
    jobs, before = list(chat.ci.jobs), await rows(chat)
    reply = await chat.say(f"{text} --dry-run", as_=who)
    assert reply.reason is Reason.OK, reply.text
    assert reply.text.startswith("Dry run, nothing was changed.")
    assert says in reply.text
    assert (reply.topic, reply.buttons, reply.code) == ("", (), "")
    assert reply.visibility is Visibility.PRIVATE
    assert await rows(chat) == before
    assert chat.ci.jobs == jobs
    last = (await chat.events())[-1]
    assert last.data["params"]["dry_run"] == "true"  # type: ignore[index,call-overload] # JSON


@pytest.mark.parametrize(
    ("text", "who", "reason"),
    [
        ("approve REQ-1", "engineer", Reason.NOT_AUTHORISED),
        ("approve REQ-1", "engineer-2", Reason.DUPLICATE),
        ("approve REQ-9", "engineer-2", Reason.NOT_FOUND),
        ("cancel REQ-1", "engineer-2", Reason.NOT_AUTHORISED),
        ("change close CHG-9 successful --note n", "engineer", Reason.NOT_FOUND),
        ("ci run portal 9.9.9", "engineer", Reason.FAILED),
        ("ci run portal 1.4.2", "service-desk", Reason.NOT_AUTHORISED),
        ("deploy settle DEP-9 failed --reason x", "engineer", Reason.NOT_FOUND),
        ("unlink teams", "engineer", Reason.NOT_FOUND),
    ],
)
async def test_a_dry_run_makes_every_check(chat: Chat, text: str, who: str, reason: Reason) -> None:
    await chat.say(ASK)
    await chat.say("approve REQ-1", as_="engineer-2")
    reply = await chat.say(f"{text} --dry-run", as_=who)
    assert reply.reason is reason, reply.text


async def test_the_deciding_approval_in_a_dry_run_starts_nothing(chat: Chat) -> None:
    await chat.say(ASK)
    await chat.say("approve REQ-1", as_="engineer-2")
    dry = await chat.say("approve REQ-1 --dry-run", as_="release-manager")
    assert "REQ-1 is approved by" in dry.text
    assert not await chat.house.engine.wait("carry-out", "REQ-1", seconds=0.1)
    assert chat.ci.deploys == []
    counted = await chat.say("approve REQ-1", as_="release-manager")
    assert counted.refs["deploy"] == "DEP-1"
    await chat.ended("DEP-1")


def test_every_command_that_changes_something_takes_it_and_no_other() -> None:
    takes = {command.name for command in KNOWN if "[--dry-run]" in grammar(command).usage}
    assert takes == {command.name for command in KNOWN if command.risk is not Risk.READ}


async def test_a_reason_that_speaks_of_a_dry_run_is_none(chat: Chat) -> None:
    reply = await chat.say('deploy portal 1.4.2 to test --reason "after a --dry-run"')
    assert reply.refs["deploy"] == "DEP-1"
    await chat.ended("DEP-1")


async def test_a_command_that_cannot_be_rehearsed_refuses_to_start(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(_arguments: Args) -> Reply:
        return Reply("done")

    bad = Command("boom", Args, run, "Boom.", "reader", Risk.CHANGE, ("boom",))
    known = registry.Registry((*KNOWN, bad))
    monkeypatch.setattr(registry, "discover", lambda _package: known)
    with pytest.raises(ConfigurationError, match="`boom` changes something outside"):
        build(chat.settings, Outside(chat.ci, TwinProber(chat.ci), chat.clock))
