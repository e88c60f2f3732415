"""`policy explain` says what then happens, rule by rule, and does nothing."""

from __future__ import annotations

import pytest

from bot.model import Reason
from tests.house import CLASSES, PEOPLE, Chat

VERDICTS = {
    Reason.OK: "runs",
    Reason.PENDING_APPROVAL: "needs_approval",
    Reason.NOT_AUTHORISED: "refused",
}
WHO = ("release-manager", "safety-officer", "engineer-2")


@pytest.fixture
async def lived(chat: Chat) -> Chat:
    """A hospital where every service was deployed everywhere, so that all can be rolled back."""
    number = 0
    for service in CLASSES:
        for environment in ("test", "production"):
            line = f"deploy {service} 1.4.2 to {environment} --reason first"
            asked = await chat.say(line)
            for who in WHO if asked.request else ():
                await chat.say(f"approve {asked.request}", as_=who)
            number += 1
            ended = await chat.ended(f"DEP-{number}")
            assert ended.refs["state"] == "succeeded", ended.text
    return chat


@pytest.mark.thorough
async def test_it_agrees_with_what_then_happens_for_everybody_everywhere(lived: Chat) -> None:
    chat, wrong = lived, []
    for service in CLASSES:
        for environment in ("test", "production"):
            for line in (
                f"deploy {service} 1.4.2 to {environment}",
                f"rollback {service} {environment}",
            ):
                for who in PEOPLE:
                    said = await chat.say(f'policy explain "{line}" --as {who}', as_="commander")
                    dry = " --dry-run" if environment == "test" else ""
                    then = await chat.say(f"{line} --reason matrix{dry}", as_=who)
                    if said.refs.get("verdict") != VERDICTS.get(then.reason):
                        wrong.append((line, who, said.text, then.text))
                    if then.request:
                        await chat.say(f"cancel {then.request}", as_=who)

    assert wrong == []


@pytest.mark.parametrize(
    "service",
    [
        "lab-results",
        *(pytest.param(name, marks=pytest.mark.thorough) for name in ("portal", "pacs")),
    ],
)
async def test_with_assumed_approvals_it_agrees_with_what_approving_does(
    chat: Chat, service: str
) -> None:
    line = f"deploy {service} 1.4.2 to production"
    sets = [["engineer-2"], ["release-manager", "commander"], ["release-manager", "safety-officer"]]
    for people in sets:
        said = await chat.say(f'policy explain "{line}" --approved-by {",".join(people)}')
        asked = await chat.say(f"{line} --reason try")
        for who in people:
            await chat.say(f"approve {asked.request}", as_=who)
        card = await chat.card(str(asked.request))
        waits = card.reason is Reason.PENDING_APPROVAL
        assert said.refs["verdict"] == ("needs_approval" if waits else "runs"), people
        if waits:
            await chat.say(f"cancel {asked.request}")
        else:
            await chat.ended(card.refs["deploy"])


async def test_each_rule_is_listed_with_its_sentence_and_who_could_satisfy_it(chat: Chat) -> None:
    line = '"deploy pacs 1.4.2 to production" --as engineer --approved-by release-manager,engineer'
    reply = await chat.say(f"policy explain {line}", as_="service-desk")

    rows = {row[0]: row[1:] for row in reply.table.rows} if reply.table else {}
    assert rows["role-needed"][0] == "passes"
    assert rows["production-class-c-release-manager"][0] == "passes"
    no = rows["production-class-c-safety-officer"]
    assert no[0] == "no"
    assert no[2] == "an approval by safety-officer"
    fields = dict(reply.fields)
    assert fields["Does not count"].startswith("engineer: you asked for this yourself")
    assert fields["For example"] == "safety-officer"
    assert fields["Can approve"] == "release-manager-2, safety-officer"


async def test_it_runs_nothing_opens_nothing_and_asks_nobody(chat: Chat) -> None:
    for line in ("deploy portal 1.4.2 to test", "deploy portal 1.4.2 to production", "help"):
        assert (await chat.say(f'policy explain "{line}"')).reason is Reason.OK

    assert chat.ci.deploys == []
    assert (await chat.say("approvals")).text.startswith("Nothing waits")
    assert (await chat.say("change list")).table is None
    assert {str(event.data["verb"]) for event in await chat.events(person="engineer")} <= {
        "policy explain",
        "approvals",
        "change list",
    }


async def test_who_asks_may_be_a_role_and_what_is_unknown_is_said(chat: Chat) -> None:
    by_role = await chat.say('policy explain "deploy portal 1.4.2 to test" --as engineer')
    nobody = await chat.say('policy explain "deploy portal 1.4.2 to test" --as enginer')
    role = await chat.say('policy explain "deploy portal 1.4.2 to production" --as release_manager')
    version = await chat.say('policy explain "deploy portal 9.9.9 to production"')
    typo = await chat.say('policy explain "deplyo portal 1.4.2"')

    assert by_role.refs["verdict"] == "runs"
    assert nobody.reason is Reason.BAD_INPUT
    assert "Did you mean `engineer`" in nobody.text
    assert role.refs["verdict"] == "needs_approval"
    assert "no version `9.9.9`" in dict(version.fields)["Not known"]
    assert typo.reason is Reason.UNKNOWN_COMMAND


async def test_authors_are_seen_too(chat: Chat) -> None:
    chat.ci.written_by["portal"] = ("Release-Manager@hospital.example",)
    line = '"deploy portal 1.4.2 to production" --approved-by release-manager'

    reply = await chat.say(f"policy explain {line}")

    fields = dict(reply.fields)
    assert fields["Does not count"].startswith("release-manager: you wrote what would be deployed")
    assert fields["For example"] == "release-manager-2"
