"""Reasons and other free texts: who reads them, and that nobody else can find or count them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bot.model import AuditQuery, Reason
from tests.house import Chat

CANARY = "zirconium"
SAID = f"the {CANARY} queue of ward 47110815 is stuck"
DEPLOY = f'deploy lab-results 1.4.2 to production --reason "{SAID}"'
AUDITOR = "security-officer"


@pytest.fixture
async def told(chat: Chat) -> Chat:
    """A house in which somebody gave a reason."""
    reply = await chat.say(DEPLOY)
    assert reply.reason is Reason.PENDING_APPROVAL, reply.text
    return chat


async def numbers(chat: Chat) -> list[int]:
    """The events of that deploy that hide something."""
    return [e.seq for e in await chat.events(verb="deploy") if "_sd_alg" in e.data]


async def test_the_reason_is_in_no_record(told: Chat, tmp_path: Path) -> None:
    assert await numbers(told)
    page = await told.house.trail.audit.search(AuditQuery(limit=500))
    assert not [e.seq for e in page.events if CANARY.encode() in e.body.lower()]
    file = told.house.database.file
    assert file is not None
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT ciphertext FROM audit_opening").fetchall()
    assert rows
    assert not [row for row in rows if CANARY.encode() in row[0]]


async def test_an_auditor_reads_what_others_wrote_and_others_do_not(told: Chat) -> None:
    number = (await numbers(told))[0]
    for person, shown in ((AUDITOR, CANARY), ("engineer", CANARY), ("service-desk", "(withheld)")):
        reply = await told.say(f"audit show {number}", as_=person)
        assert shown in dict(reply.fields)["params.reason"], person
    desk = await told.say(f"audit show {number}", as_="service-desk")
    assert CANARY not in str(desk)


async def test_whole_words_are_found_by_auditors_alone(told: Chat) -> None:
    for asked in (CANARY, "47110815", f"{CANARY} verb:deploy", f'"{CANARY} queue"'):
        reply = await told.say(f"audit search {asked}", as_=AUDITOR)
        assert reply.table is not None, asked
        assert any("deploy" in row for row in reply.table.rows), asked
        assert "No event" in (await told.say(f"audit search {asked}", as_="service-desk")).text


async def test_nobody_finds_or_counts_by_parts_of_a_word(told: Chat) -> None:
    for part in (CANARY[:5], f"{CANARY[:4]}*", "4711081", "7110815"):
        for person in (AUDITOR, "service-desk", "engineer-2"):
            asked = f"{part} verb:deploy"
            assert "No event" in (await told.say(f"audit search {asked}", as_=person)).text
            counted = await told.say(f"audit search {asked} --count", as_=person)
            assert counted.text.startswith("0 events"), (part, person)


async def test_a_count_without_the_right_says_nothing(told: Chat) -> None:
    counted = await told.say(f"audit search {CANARY} --count", as_="service-desk")
    assert counted.text.startswith("0 events")
    known = await told.say(f"audit search {CANARY} verb:deploy --count", as_=AUDITOR)
    assert known.text.startswith(f"{len(await numbers(told))} events")


async def test_what_was_searched_for_is_hidden_too(told: Chat) -> None:
    await told.say("audit search palladium", as_=AUDITOR)
    page = await told.house.trail.audit.search(AuditQuery(limit=500))
    assert not [e.seq for e in page.events if b"palladium" in e.body]


async def test_what_was_not_understood_is_quoted_in_no_record(chat: Chat) -> None:
    reply = await chat.say("deplyo rhodium everywhere")
    assert reply.reason is not Reason.OK
    page = await chat.house.trail.audit.search(AuditQuery(limit=500))
    assert not [e.seq for e in page.events if b"rhodium" in e.body]


async def test_your_last_commands_are_yours_to_read(told: Chat) -> None:
    reply = await told.say("recent")
    assert reply.table is not None
    assert CANARY in str(reply.table)


async def test_a_command_without_free_text_keeps_no_opening(chat: Chat) -> None:
    await chat.say("whoami")
    assert not [e for e in await chat.events(verb="whoami") if "_sd" in e.data]
