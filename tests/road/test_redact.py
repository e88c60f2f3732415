"""`audit redact`: two people destroy a text, every proof still holds, and no byte of it is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.audit.residue import clean, where_found
from bot.model import Reason
from tests.house import Chat

CANARY = "zirconium-47110815"
DEPLOY = f'deploy lab-results 1.4.2 to production --reason "{CANARY} of the ward"'
ASK = 'audit redact {} --field reason --why "names a patient"'
AUDITOR = "security-officer"


@pytest.fixture
async def told(chat: Chat) -> Chat:
    """A house in which somebody gave a reason that names a patient."""
    assert (await chat.say(DEPLOY)).reason is Reason.PENDING_APPROVAL
    return chat


async def number_of(chat: Chat) -> int:
    """The first event with the reason."""
    return next(e.seq for e in await chat.events(verb="deploy") if "_sd_alg" in e.data)


async def redacted(chat: Chat, *approvers: str) -> int:
    """Have it redacted; return the event."""
    number = await number_of(chat)
    asked = await chat.say(ASK.format(number), as_=AUDITOR)
    assert asked.reason is Reason.PENDING_APPROVAL, asked.text
    for person in approvers:
        reply = await chat.say(f"approve {asked.request}", as_=person)
        assert reply.reason is Reason.OK, reply.text
    await chat.house.engine.wait("carry-out", asked.request or "", seconds=20)
    return number


async def test_one_person_alone_cannot_redact(told: Chat) -> None:
    number = await number_of(told)
    asked = await told.say(ASK.format(number), as_=AUDITOR)
    assert asked.reason is Reason.PENDING_APPROVAL
    own = await told.say(f"approve {asked.request}", as_=AUDITOR)
    assert own.reason is Reason.NOT_AUTHORISED
    shown = await told.say(f"audit show {number}", as_=AUDITOR)
    assert CANARY in str(shown.fields)


async def test_what_two_people_redacted_is_gone_and_every_proof_holds(told: Chat) -> None:
    prover = told.house.trail.prover
    before = await prover.inclusion(await number_of(told))
    checkpoint = await prover.checkpoint()
    number = await redacted(told, "release-manager")
    shown = dict((await told.say(f"audit show {number}", as_=AUDITOR)).fields)
    assert shown["params.reason"].startswith("(redacted by REQ-2 on ")
    verdict = await told.house.trail.audit.verify()
    assert verdict.ok, verdict.problems
    after = await prover.inclusion(number)
    assert before is not None
    assert after is not None
    assert before.event == after.event
    assert (await prover.consistency(checkpoint)).old == int(checkpoint.split("\n")[1])
    (record,) = await told.events(verb="audit redact", kind="effect_outcome")
    assert record.data["request"] == "REQ-2"
    params = record.data["params"]
    assert isinstance(params, dict)
    assert (params["number"], params["field"]) == (str(number), "reason")
    assert params["approved_by"] == "release-manager"


async def test_no_byte_of_it_is_left_anywhere(told: Chat, tmp_path: Path) -> None:
    file = told.house.database.file
    assert file is not None
    folders = [tmp_path, file.parent]
    kept = await told.say(f"audit save ward {CANARY} of the ward", as_=AUDITOR)
    assert kept.reason is Reason.OK, kept.text
    assert where_found(folders, [CANARY]), "the canary is nowhere to begin with"
    await redacted(told, "release-manager")
    clean(told.house.database)
    assert where_found(folders, [CANARY]) == []


async def test_every_event_of_the_action_loses_it(told: Chat) -> None:
    await told.say("reject REQ-1 --reason 'no'", as_="release-manager")
    await redacted(told, "release-manager-2")
    for event in await told.events(request="REQ-1"):
        shown = await told.say(f"audit show {event.seq}", as_=AUDITOR)
        assert CANARY not in str(shown), event.seq
    assert CANARY not in str(await told.card("REQ-1"))


@pytest.mark.thorough
async def test_it_is_not_redacted_twice(told: Chat) -> None:
    number = await redacted(told, "release-manager")
    again = await told.say(ASK.format(number), as_=AUDITOR)
    assert "was redacted already, by REQ-2" in again.text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ('audit redact 9999 --field reason --why "x"', "There is no event 9999"),
        ('audit redact 1 --field reason --why "x"', "has no sensitive text"),
        ('audit redact 1 --field verb --why "x"', "stands in the record itself"),
    ],
)
async def test_what_cannot_be_redacted_is_explained(chat: Chat, asked: str, said: str) -> None:
    reply = await chat.say(asked, as_=AUDITOR)
    assert said in reply.text, reply.text


async def test_another_field_is_named(told: Chat) -> None:
    number = await number_of(told)
    reply = await told.say(f'audit redact {number} --field note --why "x"', as_=AUDITOR)
    assert reply.text == f"Event {number} has no `note`; it has reason."


async def test_an_engineer_may_not_ask(told: Chat) -> None:
    reply = await told.say(ASK.format(await number_of(told)))
    assert reply.reason is Reason.NOT_AUTHORISED
