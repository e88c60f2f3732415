"""What is about to go out: the commits since what runs there, and who may say yes to them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.errors import Rejected
from bot.model import Commit, DeployState, Reason, Relation
from tests.house import Chat, chat, site
from tests.twins import commit_of

__all__ = ["chat", "site"]

FIRST = "deploy portal 1.4.1 to production --reason first"
NEXT = "deploy portal 1.4.2 to production --reason next"
LATER = 'deploy portal 1.4.2 to production --at "18:00" --reason later'
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


def commit(number: int, title: str, *by: str) -> Commit:
    return Commit(f"{number:040x}", title, by, AT)


async def runs(chat: Chat) -> None:
    """Have 1.4.1 run in production."""
    await chat.approved(FIRST, "release-manager")
    await chat.house.engine.wait("deploy", "DEP-1", seconds=20)
    deploy = await chat.house.stores.deploys.show("DEP-1")
    assert deploy is not None
    assert deploy.state in (DeployState.SUCCEEDED, DeployState.VALIDATING)


async def test_the_card_tells_what_goes_out_and_by_whom(chat: Chat) -> None:
    await runs(chat)
    chat.ci.written_by["portal"] = ("safety-officer@hospital.example",)
    chat.ci.also["portal"] = tuple(
        commit(n, f"Change {n}", "engineer-2@hospital.example") for n in range(1, 24)
    )

    asked = await chat.say(NEXT)

    fields = dict(asked.fields)
    assert fields["Commits"] == "24"
    assert fields["Since"] == commit_of("portal", "1.4.1")
    assert fields["Authors"] == "engineer-2, safety-officer"
    lines = fields["Goes out"].splitlines()
    assert lines[0].startswith("24 commits since 1.4.1 (")
    assert lines[1].endswith("Release 1.4.2 (safety-officer)")
    assert "Change 9 (engineer-2)" in lines[10]
    assert lines[11] == "and 14 more"


async def test_who_wrote_any_commit_of_the_list_does_not_approve(chat: Chat) -> None:
    chat.ci.written_by["portal"] = ("engineer@hospital.example",)
    await runs(chat)
    chat.ci.also["portal"] = (commit(1, "Mend it", "Release-Manager@hospital.example".lower()),)
    await chat.say(NEXT)

    refused = await chat.say("approve REQ-2", as_="release-manager")

    assert refused.reason is Reason.NOT_AUTHORISED
    assert "you wrote what would be deployed" in refused.text


async def test_one_question_serves_the_asking_and_every_click(chat: Chat) -> None:
    await runs(chat)
    await chat.say(NEXT)
    await chat.say("approve REQ-2", as_="release-manager")
    await chat.house.engine.wait("deploy", "DEP-2", seconds=20)
    both = commit_of("portal", "1.4.1"), commit_of("portal", "1.4.2")
    assert chat.ci.compared == [both]


async def test_nothing_runs_there_yet_is_said_plainly(chat: Chat) -> None:
    asked = await chat.say(FIRST)
    assert "nothing that was deployed from here runs there yet" in dict(asked.fields)["Goes out"]
    assert chat.ci.compared == []


@pytest.mark.parametrize("is_read", [True, False])
async def test_a_list_that_is_not_known_stops_nothing_and_leaves_authors_unknown(
    chat: Chat, *, is_read: bool
) -> None:
    chat.ci.written_by["portal"] = ("engineer-2@hospital.example",)
    await runs(chat)
    if is_read:
        chat.ci.is_whole = False
    else:
        chat.ci.lists = Rejected("the repository has it no more.")

    asked = await chat.say(NEXT)

    assert asked.reason is Reason.PENDING_APPROVAL
    fields = dict(asked.fields)
    assert fields["Authors"] == "engineer-2, somebody unknown"
    assert ("not whole" if is_read else "has it no more") in fields["Goes out"]
    assert (await chat.say("approve REQ-2", as_="engineer-2")).reason is Reason.NOT_AUTHORISED


async def test_what_was_rewritten_is_told_apart(chat: Chat) -> None:
    await runs(chat)
    chat.ci.lists = Relation.DIVERGED
    asked = await chat.say(NEXT)
    said = dict(asked.fields)["Goes out"]
    assert said.startswith("1 commit, and some of what runs there is not in it since 1.4.1")


async def test_a_dry_run_shows_the_same_list_and_a_title_is_guarded(chat: Chat) -> None:
    await runs(chat)
    title = "Fix the case of MRN 12345678 born 1950-02-03"
    chat.ci.also["portal"] = (commit(1, title, "engineer@hospital.example"),)

    reply = await chat.say(f"{NEXT} --dry-run")

    said = dict(reply.fields)["Goes out"]
    assert said.startswith("2 commits since 1.4.1")
    assert "12345678" not in said


async def test_a_title_is_in_no_record_and_in_the_change_as_guarded(chat: Chat) -> None:
    await runs(chat)
    title = "Mend the banner of patient MRN 12345678"
    chat.ci.also["portal"] = (commit(1, title, "engineer@hospital.example"),)
    asked = await chat.say(NEXT)

    change = await chat.house.stores.changes.show(asked.refs["change"])
    assert change is not None
    assert "2 commits since 1.4.1" in change.implementation
    assert "Release 1.4.2" in change.implementation
    assert "12345678" not in change.implementation
    for event in await chat.events():
        assert "Mend the banner" not in str(event.data)
        assert "Release 1.4.2" not in str(event.data)


async def test_the_status_of_a_deploy_tells_what_it_brought(chat: Chat) -> None:
    await runs(chat)
    await chat.approved(NEXT, "release-manager")
    now = dict((await chat.say("deploy status DEP-2")).fields)["Commits"]
    first = dict((await chat.say("deploy status DEP-1")).fields)["Commits"]
    assert now.startswith("1 commit since 1.4.1")
    assert first.startswith("not known: nothing")


async def test_where_something_else_runs_by_the_trigger_it_is_asked_for_again(chat: Chat) -> None:
    await runs(chat)
    await chat.say(LATER)
    await chat.say("approve REQ-2", as_="release-manager")
    await chat.approved(NEXT, "release-manager")
    await chat.house.engine.wait("deploy", "DEP-3", seconds=20)
    chat.clock.turn(hours=6, minutes=5)

    await chat.house.schedule.look()
    await chat.house.engine.wait("deploy", "DEP-2", seconds=20)

    planned = await chat.house.stores.deploys.show("DEP-2")
    assert planned is not None
    assert (planned.state, planned.stop) == (DeployState.STOPPED, Reason.SUPERSEDED)
    assert "1.4.2 runs there now" in planned.outcome
    assert [version for version, _ in chat.ci.triggered] == ["1.4.1", "1.4.2"]


async def test_where_the_same_runs_by_the_trigger_it_goes_out(chat: Chat) -> None:
    await runs(chat)
    await chat.say(LATER)
    await chat.say("approve REQ-2", as_="release-manager")
    chat.clock.turn(hours=6, minutes=5)

    await chat.house.schedule.look()
    await chat.house.engine.wait("deploy", "DEP-2", seconds=20)

    assert [version for version, _ in chat.ci.triggered] == ["1.4.1", "1.4.2"]


async def test_going_back_brings_nothing_new_and_is_not_stopped(chat: Chat) -> None:
    await runs(chat)
    await chat.approved(NEXT, "release-manager")
    await chat.house.engine.wait("deploy", "DEP-2", seconds=20)

    asked = await chat.say("rollback portal production --reason back")
    assert dict(asked.fields)["Commits"] == "none: it goes back"
    await chat.say("approve REQ-3", as_="release-manager")
    await chat.house.engine.wait("deploy", "DEP-3", seconds=20)

    assert [version for version, _ in chat.ci.triggered] == ["1.4.1", "1.4.2", "1.4.1"]
