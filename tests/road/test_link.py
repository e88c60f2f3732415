"""Linking a second chat: proof on both sides, once, for ten minutes, and never in a record."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.model import Account, AccountKind, Place, Reason, Reply, Visibility
from bot.storage.links import SqlLinks
from bot.stores import Link
from tests.house import Chat, opened

TENANT = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
SLACK = Account("slack", "U0001", "T0001")
TEAMS = Account("teams", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", TENANT)
OTHER = Account("teams", "1b4e28ba-2fa1-11d2-883f-0016d3cca427", TENANT)
CODE = re.compile(r"link ([B-Z]{4}(?:-[B-Z]{4}){3})")


def code_in(reply: Reply) -> str:
    found = CODE.fullmatch(reply.code)
    assert found is not None, reply
    return found[1]


async def a_code(chat: Chat, account: Account = SLACK) -> str:
    return code_in(await chat.say("link", account=account))


async def linked(chat: Chat, account: Account = TEAMS) -> None:
    reply = await chat.say(f"link {await a_code(chat)}", account=account)
    assert reply.reason is Reason.OK, reply.text


async def test_a_code_made_in_slack_and_typed_in_teams_makes_them_one_human(chat: Chat) -> None:
    made = await chat.say("link", account=SLACK)
    assert made.visibility is Visibility.PRIVATE
    assert "12:10 UTC" in made.text
    taken = await chat.say(f"link {code_in(made)}", account=TEAMS)
    assert (taken.reason, taken.visibility) == (Reason.OK, Visibility.PRIVATE)
    assert "engineer" in taken.text
    asked = await chat.say(
        "deploy lab-results 1.4.2 to production --reason fix the queue", account=TEAMS
    )
    assert asked.request == "REQ-1"
    own = await chat.say("approve REQ-1", account=SLACK)
    assert own.reason is Reason.NOT_AUTHORISED
    assert "somebody else" in own.text


@pytest.mark.parametrize("typed", ["{lower}", "{spaced}", '"{code}"', "{code} "])
async def test_a_code_is_taken_however_it_is_written(chat: Chat, typed: str) -> None:
    code = await a_code(chat)
    words = typed.format(code=code, lower=code.lower(), spaced=code.replace("-", " "))
    assert (await chat.say(f"link {words}", account=TEAMS)).reason is Reason.OK


async def test_a_linked_account_can_link_the_next_one(chat: Chat) -> None:
    await linked(chat)
    reply = await chat.say(f"link {await a_code(chat, TEAMS)}", account=OTHER)
    assert reply.reason is Reason.OK
    shown = dict((await chat.say("whoami", account=OTHER)).fields)
    assert shown["Person"] == "engineer"


async def test_a_code_works_once(chat: Chat) -> None:
    code = await a_code(chat)
    await chat.say(f"link {code}", account=TEAMS)
    again = await chat.say(f"link {code}", account=OTHER)
    assert again.reason is Reason.DUPLICATE
    assert "Type `link`" in again.text
    assert (await chat.say("whoami", account=OTHER)).reason is Reason.NOT_IDENTIFIED


async def test_two_who_type_the_same_code_at_once_are_one_winner(chat: Chat) -> None:
    code = await a_code(chat)
    both = [chat.say(f"link {code}", account=account) for account in (TEAMS, OTHER)]
    reasons = sorted(reply.reason.value for reply in await asyncio.gather(*both))
    assert reasons == ["duplicate", "ok"]


async def test_a_code_lasts_ten_minutes(chat: Chat) -> None:
    early, late = await a_code(chat), await a_code(chat, Account("slack", "U0002", "T0001"))
    chat.clock.turn(minutes=9, seconds=59)
    assert (await chat.say(f"link {early}", account=TEAMS)).reason is Reason.OK
    chat.clock.turn(seconds=1)
    over = await chat.say(f"link {late}", account=OTHER)
    assert over.reason is Reason.EXPIRED
    assert "Type `link`" in over.text


async def test_a_newer_code_replaces_the_older_one(chat: Chat) -> None:
    old, new = await a_code(chat), await a_code(chat)
    assert (await chat.say(f"link {old}", account=TEAMS)).reason is Reason.BAD_INPUT
    assert (await chat.say(f"link {new}", account=TEAMS)).reason is Reason.OK


async def test_five_wrong_codes_close_the_account_for_ten_minutes(chat: Chat) -> None:
    code = await a_code(chat)
    for left in (4, 3, 2, 1, 0):
        wrong = await chat.say("link BBBB-BBBB-BBBB-BBBB", account=TEAMS)
        assert wrong.reason is Reason.BAD_INPUT
        assert f"({left} tries left)" in wrong.text
    refused = await chat.say(f"link {code}", account=TEAMS)
    assert refused.reason is Reason.LOCKED, "the right one is not taken any more either"
    assert "Wait until 2026-11-22 12:10 UTC" in refused.text
    assert (await chat.say(f"link {code}", account=OTHER)).reason is Reason.OK
    chat.clock.turn(minutes=10)
    reply = await chat.say(f"link {await a_code(chat)}", account=TEAMS)
    assert reply.reason is Reason.OK


async def test_wrong_codes_at_once_are_counted_one_by_one(chat: Chat) -> None:
    wrong = [chat.say(f"link BBBB-BBBB-BBBB-BBB{x}", account=TEAMS) for x in "BCDFGHJKLM"]
    reasons = [reply.reason for reply in await asyncio.gather(*wrong)]
    assert (reasons.count(Reason.BAD_INPUT), reasons.count(Reason.LOCKED)) == (5, 5)


async def test_a_dry_run_is_no_way_to_try_codes(chat: Chat) -> None:
    right = await chat.say(f"link --dry-run {await a_code(chat)}", account=TEAMS)
    wrong = await chat.say("link --dry-run BBBB-BBBB-BBBB-BBBB", account=TEAMS)
    assert right.text == wrong.text
    made = await chat.say("link --dry-run", account=SLACK)
    assert made.code == ""
    assert (await chat.say("whoami", account=TEAMS)).reason is Reason.NOT_IDENTIFIED


@pytest.mark.parametrize("kind", [AccountKind.GUEST, AccountKind.BOT, AccountKind.EXTERNAL])
async def test_a_guest_a_bot_and_an_outsider_are_never_linked(
    chat: Chat, kind: AccountKind
) -> None:
    code = await a_code(chat)
    outsider = replace(TEAMS, kind=kind)
    for text in (f"link {code}", "link"):
        reply = await chat.say(text, account=outsider)
        assert reply.reason is Reason.NOT_IDENTIFIED
        assert "`link" not in reply.text, "they are not sent that way"
    await linked(chat)
    assert (await chat.say("whoami", account=outsider)).reason is Reason.NOT_IDENTIFIED


async def test_a_code_is_not_taken_from_an_account_that_is_known(chat: Chat) -> None:
    code = await a_code(chat)
    maker = await chat.say(f"link {code}", account=SLACK)
    assert maker.reason is Reason.DUPLICATE
    assert "not in the one that made it" in maker.text
    known = await chat.say(f"link {code}", account=Account("slack", "U0002", "T0001"))
    assert known.reason is Reason.DUPLICATE
    assert "engineer-2's already" in known.text
    assert (await chat.say(f"link {code}", account=TEAMS)).reason is Reason.OK


async def test_a_stranger_who_types_link_is_told_where_to(chat: Chat) -> None:
    reply = await chat.say("link", account=TEAMS)
    assert reply.reason is Reason.NOT_IDENTIFIED
    assert "`link CODE` here" in reply.text


async def test_an_equal_email_links_nobody(site: Path) -> None:
    text = (site.parent / "people.yaml").read_text()
    same = re.sub(r'"email": "[^"]+"', '"email": "same@hospital.example"', text)
    assert same.count("same@hospital.example") > 1
    (site.parent / "people.yaml").write_text(same)
    async with opened(site) as chat:
        await linked(chat)
        for account in (OTHER, Account("slack", "U0001", "T0002")):
            assert (await chat.say("whoami", account=account)).reason is Reason.NOT_IDENTIFIED
        assert dict((await chat.say("whoami", account=TEAMS)).fields)["Person"] == "engineer"


async def test_the_code_is_in_no_record_and_in_no_row(chat: Chat) -> None:
    made = await chat.say("link", account=SLACK, delivery="slack:Ev1")
    code = code_in(made)
    misspelt = code[:-1] + ("B" if code[-1] != "B" else "C")
    for text in (
        f"link {misspelt} --resaon x",
        misspelt,
        f"lnik {misspelt}",
        f"unlink {misspelt}",
        f"help link {misspelt}",
        f"link {code}",
    ):
        await chat.say(text, account=TEAMS)
    recorded = [e.data.get("params") for e in await chat.events(verb="link", kind="intent")]
    assert recorded == [None, {"code": "***"}, {"code": "***"}]
    url = make_url(chat.settings.database.get_secret_value())
    connection = sqlite3.connect(url.database or "")
    everything = "\n".join(connection.iterdump())
    connection.close()
    for secret in (code, misspelt, code.replace("-", "")):
        assert secret not in everything
        assert secret.lower() not in everything.lower()


async def test_a_delivery_that_comes_again_does_not_get_the_code_again(chat: Chat) -> None:
    both = [chat.say("link", account=SLACK, delivery="slack:Ev1") for _ in range(2)]
    one, two = await asyncio.gather(*both)
    assert code_in(one) == code_in(two), "while it is being made it is one answer"
    late = await chat.say("link", account=SLACK, delivery="slack:Ev1")
    assert (late.code, late.reason) == ("", Reason.OK)
    assert code_in(one) not in late.text


async def test_a_delivery_that_comes_again_after_a_restart_does_not_get_the_code(
    site: Path,
) -> None:
    async with opened(site) as chat:
        code = code_in(await chat.say("link", account=SLACK, delivery="slack:Ev1"))
    async with opened(site) as chat:
        again = await chat.say("link", account=SLACK, delivery="slack:Ev1")
        assert (again.code, again.reason) == ("", Reason.OK)
        assert "shown once" in again.text
        assert (await chat.say(f"link {code}", account=TEAMS)).reason is Reason.OK


async def test_a_link_outlives_a_restart(site: Path) -> None:
    async with opened(site) as chat:
        await linked(chat)
    async with opened(site) as chat:
        assert (await chat.say("whoami", account=TEAMS)).reason is Reason.OK


async def test_a_link_that_another_replica_made_or_ended_counts_after_the_next_look(
    chat: Chat,
) -> None:
    links, now = SqlLinks(chat.house.database), chat.clock.now()
    made = Link(TEAMS, "engineer", now, "engineer")
    assert await chat.house.database.write(links.add(made))
    await chat.house.links.refresh()
    assert (await chat.say("whoami", account=TEAMS)).reason is Reason.OK
    assert await chat.house.database.write(links.remove(TEAMS))
    await chat.house.links.refresh()
    assert (await chat.say("whoami", account=TEAMS)).reason is Reason.NOT_IDENTIFIED


async def test_a_code_is_not_taken_for_an_account_that_another_replica_has_linked(
    chat: Chat,
) -> None:
    code, links = await a_code(chat), SqlLinks(chat.house.database)
    made = Link(TEAMS, "engineer-2", chat.clock.now(), "engineer-2")
    await chat.house.database.write(links.add(made))
    reply = await chat.say(f"link {code}", account=TEAMS)
    assert reply.reason is Reason.DUPLICATE
    assert dict((await chat.say("whoami", account=TEAMS)).fields)["Person"] == "engineer-2"
    assert (await chat.say(f"link {code}", account=OTHER)).reason is Reason.OK, "it was not used up"


async def test_a_link_ends_once_however_many_end_it(chat: Chat) -> None:
    await linked(chat)
    both = [chat.say("unlink teams", account=account) for account in (SLACK, TEAMS)]
    reasons = {reply.reason for reply in await asyncio.gather(*both)}
    assert reasons == {Reason.OK, Reason.NOT_FOUND}


async def test_a_persona_of_the_terminal_is_chosen_and_not_linked(chat: Chat) -> None:
    reply = await chat.say(f"link {await a_code(chat)}", account=Account("terminal", "nobody"))
    assert reply.reason is Reason.BAD_INPUT
    assert "choose who you are" in reply.text


async def test_unlinking_ends_it_at_once_and_the_codes_it_made(chat: Chat) -> None:
    await linked(chat)
    code = await a_code(chat, TEAMS)
    gone = await chat.say("unlink teams", account=SLACK)
    assert gone.reason is Reason.OK, gone.text
    assert gone.visibility is Visibility.PRIVATE
    assert (await chat.say("approvals", account=TEAMS)).reason is Reason.NOT_IDENTIFIED
    assert (await chat.say(f"link {code}", account=OTHER)).reason is Reason.BAD_INPUT
    assert (await chat.say(f"link {code}", account=TEAMS)).reason is Reason.BAD_INPUT
    (event,) = await chat.events(verb="unlink", kind="outcome")
    assert event.data["actor"]["person"] == "engineer"  # type: ignore[index,call-overload] # JSON


async def test_what_cannot_be_unlinked_says_why(chat: Chat) -> None:
    none = await chat.say("unlink slack", account=SLACK)
    assert none.reason is Reason.NOT_FOUND
    assert "people file" in none.text
    await linked(chat)
    await linked(chat, OTHER)
    many = await chat.say("unlink teams", account=SLACK)
    assert many.reason is Reason.AMBIGUOUS
    assert f"`unlink teams:{OTHER.user}`" in many.text
    other = await chat.say("unlink web", account=SLACK)
    assert other.reason is Reason.NOT_FOUND
    assert TEAMS.user in other.text
    assert (await chat.say(f"unlink {OTHER.user}", account=SLACK)).reason is Reason.OK
    assert (await chat.say("unlink teams --dry-run", account=SLACK)).reason is Reason.OK
    assert (await chat.say("whoami", account=TEAMS)).reason is Reason.OK, "that was a dry run"


async def test_only_an_administrator_ends_the_link_of_somebody_else_and_says_why(
    site: Path,
) -> None:
    text = (site.parent / "people.yaml").read_text()
    (site.parent / "people.yaml").write_text(text.replace('"service_desk"', '"administrator"'))
    async with opened(site) as chat:
        await linked(chat)
        why = "--reason the phone was lost"
        refused = await chat.say(f"unlink teams of engineer {why}", as_="engineer-2")
        assert refused.reason is Reason.NOT_AUTHORISED
        silent = await chat.say("unlink teams of engineer", as_="service-desk")
        assert silent.reason is Reason.BAD_INPUT
        assert "--reason" in silent.text
        admin = Account("slack", "U0006", "T0001")
        done = await chat.say(
            f"unlink teams of <@U0001> {why}", account=admin, place=Place("slack", "C1")
        )
        assert done.reason is Reason.OK, done.text
        assert (await chat.say("whoami", account=TEAMS)).reason is Reason.NOT_IDENTIFIED
        (event,) = await chat.told(verb="unlink", reason="ok", kind="outcome")
        assert event.data["params"]["reason"] == "the phone was lost"  # type: ignore[index,call-overload] # JSON


async def test_whoami_shows_every_account_and_where_it_is_known_from(chat: Chat) -> None:
    await linked(chat)
    fields = (await chat.say("whoami", account=TEAMS)).fields
    assert ("Slack account", "U0001 of T0001, by the people file") in fields
    said = f"{TEAMS.user} of {TENANT}, linked by engineer on 2026-11-22 12:00 UTC"
    assert ("Teams account", said) in fields
    shown = dict(fields)
    assert shown["Roles"] == "engineer"
    assert "deployer" in shown["Which include"]
    assert "`link CODE` there" in (await chat.say("whoami")).text
