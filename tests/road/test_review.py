"""The access review: who may do what, who did, who never did, signed by two people."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bot.model import Account, Event, Reason, Reply
from tests.house import Chat, opened, until, write_site
from tests.road.test_link import TEAMS, linked
from tests.road.test_people import change, replace_file

LOG = "audit hold lift, audit redact"
PRODUCTION = "deploy portal 1.4.2 to production --reason fix it"
OFFICER, AUDITOR = "security-officer", "service-desk"


def lines(reply: Reply) -> Mapping[str, Mapping[str, str]]:
    """Return a table's rows by their first cell, each by the name of its column."""
    assert reply.table is not None, reply.text
    columns = reply.table.columns
    return {row[0].split(" ")[0]: dict(zip(columns, row, strict=True)) for row in reply.table.rows}


def commands(reply: Reply) -> Mapping[str, Mapping[str, str]]:
    """Return the rows of one person's review by command."""
    assert reply.table is not None, reply.text
    return {row[0]: dict(zip(reply.table.columns, row, strict=True)) for row in reply.table.rows}


async def review(chat: Chat, of: str = "", *, as_: str = OFFICER) -> Reply:
    return await chat.say(f"audit review {of}".strip(), as_=as_)


async def signed(chat: Chat, findings: str = "nothing to say") -> Reply:
    """Sign what is shown now."""
    (button,) = (await review(chat)).buttons
    return await chat.say(f"{button.command} --findings {findings}", as_=OFFICER)


async def two_reviewers(chat: Chat) -> None:
    await change(chat, service_desk={"roles": ["auditor"]})


async def people_events(chat: Chat) -> Sequence[Event]:
    return await chat.events(correlation="people-file")


async def test_everybodys_line_says_what_they_may_do_and_did(chat: Chat) -> None:
    await chat.approved(PRODUCTION, "release-manager")
    await chat.ended("DEP-1")
    await chat.say("deploy lab-results 1.4.2 to production --reason the map")
    denied = await chat.say("approve REQ-2")
    assert denied.reason is Reason.NOT_AUTHORISED
    found = lines(await review(chat))
    assert set(found) == {person.id for person in chat.house.directory.people()}
    engineer = found["engineer"]
    assert engineer["Roles (people file)"] == "engineer"
    assert engineer["Accounts"] == "1 in the people file"
    assert "deploy, rollback (test; production with approval)" in engineer["May change"]
    assert engineer["May approve"] == f"{LOG}; deploy, rollback (production for 1 of 3 services)"
    assert (engineer["Did"], engineer["Denied"]) == ("deploy 2", "1")
    assert "rollback" in engineer["Never did"]
    assert "deploy," not in engineer["Never did"]
    assert found["release-manager"]["Did"] == "approve 1"
    decides = f"{LOG}, stop-all, stop-all lift; deploy, rollback (production)"
    assert found["release-manager"]["May approve"] == decides
    assert "deploy," not in found["service-desk"]["May change"]
    assert "deploy abort" not in found["service-desk"]["May change"]
    assert found["service-desk"]["May approve"] == "nothing"


@pytest.mark.thorough
async def test_one_persons_commands_are_looked_at_closely(chat: Chat) -> None:
    await linked(chat)
    await chat.say("ci run portal 1.4.2")
    await chat.say("deploy portal 1.4.2 to test --reason try --dry-run")
    reply = await review(chat, "engineer")
    fields = [f"{name}: {value}" for name, value in reply.fields]
    assert "engineer (people file); through them approver, deployer" in fields[0]
    assert "Account: slack U0001 (people file)" in fields
    assert any(f"teams {TEAMS.user} (linked 20" in field for field in fields)
    found = commands(reply)
    assert found["ci run"]["Did"] == "1"
    assert found["ci run"]["Last"] == "2026-11-22 12:00 UTC"
    assert found["deploy"]["May"] == "test; production with approval"
    assert found["deploy"]["Did"] == "never", "a dry run did nothing"
    assert "audit review sign" not in found


@pytest.mark.thorough
async def test_a_site_policy_that_names_somebody_or_a_service_is_in_their_line(
    site: Path, launched_url: str
) -> None:
    (site.parent / "site.cedar").write_text(
        '@id("not-her") @message("not you") forbid (principal == Person::"engineer-2", '
        'action == Action::"run", resource) when { context has service && '
        'context.service == "portal" };'
    )
    file = write_site(site.parent, launched_url, policies=["site.cedar"])
    async with opened(file) as chat:
        found = lines(await review(chat))
        assert (
            "deploy, rollback (test; production with approval)" in found["engineer"]["May change"]
        )
        assert (
            "deploy, rollback (test for 2 of 3 services; production with approval for 2 of 3"
            in found["engineer-2"]["May change"]
        )


@pytest.mark.thorough
async def test_who_has_left_is_shown_with_what_they_did(chat: Chat) -> None:
    await chat.say("ci run portal 1.4.2")
    await change(chat, engineer=None)
    reply = await review(chat)
    gone = lines(reply)["engineer"]
    assert gone["Person"] == "engineer (no access any more)"
    assert (gone["May change"], gone["Did"]) == ("nothing", "ci run 1")


async def test_only_an_auditor_may_review_and_looking_is_recorded(chat: Chat) -> None:
    for line in ("audit review", "audit review sign --to 1 --findings x", "audit report"):
        assert (await chat.say(line)).reason is Reason.NOT_AUTHORISED
    assert (await review(chat)).reason is Reason.OK
    (outcome,) = await chat.events(verb="audit review", person=OFFICER, kind="outcome")
    assert outcome.data["reason"] == "ok"


async def test_a_change_of_the_people_file_is_an_event_that_says_who_gained_what(
    chat: Chat,
) -> None:
    (first,) = await people_events(chat)
    assert first.data["text"] == "First noted: 8 people have access."
    await change(
        chat,
        engineer={"roles": ["release_manager", "auditor"]},
        engineer_2={"active": False},
        safety_officer={"slack": {"team": "T0001", "user": "U0999"}},
    )
    await chat.house.trail.roster.note(chat.house.directory.members())
    _, second = await people_events(chat)
    assert second.data["text"] == (
        "The people file changed. "
        "engineer: gained auditor and release_manager, lost engineer; "
        "engineer-2: lost engineer, account gone slack:U0002@T0001, has no access any more; "
        "safety-officer: new account slack:U0999@T0001, account gone slack:U0005@T0001."
    )
    params = second.data["params"]
    assert isinstance(params, Mapping)
    assert params["changed.engineer"] == "gained auditor and release_manager, lost engineer"
    assert "is.engineer-2" not in params


async def test_a_change_is_noticed_without_being_asked_and_recorded_once(chat: Chat) -> None:
    rows = json.loads(chat.settings.people.read_text())
    replace_file(chat.settings.people, json.dumps(rows[1:]))
    await until(lambda: chat.house.directory.person("engineer") is None)
    members = chat.house.directory.members()
    await asyncio.gather(*(chat.house.trail.roster.note(members) for _ in range(4)))
    assert len(await people_events(chat)) == 2


@pytest.mark.thorough
async def test_what_changed_while_nothing_ran_is_recorded_at_the_next_start(site: Path) -> None:
    async with opened(site) as chat:
        file = chat.settings.people
    rows = json.loads(file.read_text())
    rows[0]["roles"] = ["administrator"]
    replace_file(file, json.dumps(rows))
    for _ in range(2):
        async with opened(site) as chat:
            said = [event.data["text"] for event in await people_events(chat)]
    assert said[1:] == [
        "The people file changed. engineer: gained administrator, lost engineer."
    ], "once, by the first start"


async def test_a_review_lists_what_changed_since_the_last_one(chat: Chat) -> None:
    await signed(chat)
    await linked(chat)
    await chat.say(f"unlink {TEAMS.user}")
    await change(chat, engineer_2={"roles": ["reader"]})
    await chat.house.trail.roster.note(chat.house.directory.members())
    reply = await review(chat)
    changes = [item.partition(": ")[2] for item in reply.items]
    assert len(changes) == 3
    assert changes[0].startswith(f"Linked: teams {TEAMS.user}")
    assert "is not engineer's any more" in changes[1]
    assert changes[2].endswith("engineer-2: gained reader, lost engineer.")
    assert dict(reply.fields)["Changes of who may do what"] == "3"
    await signed(chat)
    assert (await review(chat)).items == ()


async def test_a_signature_is_an_event_with_findings_period_and_the_logs_root(chat: Chat) -> None:
    (button,) = (await review(chat)).buttons
    assert button.asks == "findings"
    reply = await chat.say(f"{button.command} --findings the desk needs no link", as_=OFFICER)
    assert reply.reason is Reason.OK, reply.text
    *_, event = await chat.told(verb="audit review sign", kind="outcome")
    params = event.data["params"]
    assert isinstance(params, Mapping)
    assert params["findings"] == "the desk needs no link"
    assert params["fact.after_event"] == "0"
    verdict = await chat.house.trail.audit.verify()
    assert verdict.ok
    before = event.seq - 1
    assert f"The log had {before} events then, with the root " in str(event.data["text"])
    assert verdict.root not in str(event.data["text"]), "the root of that moment, not of now"


@pytest.mark.thorough
async def test_what_happens_between_looking_and_signing_is_in_the_next_review(chat: Chat) -> None:
    (button,) = (await review(chat)).buttons
    await change(chat, engineer={"roles": ["administrator"]})
    await chat.house.trail.roster.note(chat.house.directory.members())
    await chat.say(f"{button.command} --findings all well", as_=OFFICER)
    assert any("gained administrator" in item for item in (await review(chat)).items)


@pytest.mark.parametrize("to", ["0", "99999"])
async def test_what_no_review_showed_is_not_signed(chat: Chat, to: str) -> None:
    reply = await chat.say(f"audit review sign --to {to} --findings x", as_=OFFICER)
    assert reply.reason is Reason.BAD_INPUT
    assert f"No review ends with event {to}" in reply.text


@pytest.mark.thorough
async def test_the_same_review_is_not_signed_twice(chat: Chat) -> None:
    (button,) = (await review(chat)).buttons
    assert (await chat.say(f"{button.command} --findings x", as_=OFFICER)).reason is Reason.OK
    again = await chat.say(f"{button.command} --findings x", as_=OFFICER)
    assert again.reason is Reason.BAD_INPUT


async def test_patient_data_in_findings_is_stopped_like_everywhere(chat: Chat) -> None:
    line = "audit review sign --to 3 --findings Patient John Doe MRN 00123456 DOB 04/05/1961"
    assert (await chat.say(line, as_=OFFICER)).reason is Reason.PHI_BLOCKED
    assert await chat.events(verb="audit review sign") == []


@pytest.mark.thorough
async def test_the_signers_own_line_needs_a_second_signer(chat: Chat) -> None:
    await two_reviewers(chat)
    early = await chat.say("audit review countersign --findings x", as_=AUDITOR)
    assert "No review is signed yet" in early.text
    mine = lines(await review(chat))[OFFICER]["Person"]
    assert mine == f"{OFFICER} (you: somebody else reviews this line)"
    assert "needs a second signer" in (await signed(chat)).text
    last = dict((await review(chat)).fields)["Last review"]
    assert f"the access of {OFFICER} still needs a second signer" in last
    own = await chat.say("audit review countersign --findings x", as_=OFFICER)
    assert own.reason is Reason.BAD_INPUT
    other = await chat.say("audit review countersign --findings all well", as_=AUDITOR)
    assert other.reason is Reason.OK
    assert f"reviewed the access of {OFFICER}" in other.text
    last = dict((await review(chat)).fields)["Last review"]
    assert f"countersigned by {AUDITOR}" in last
    again = await chat.say("audit review countersign --findings x", as_=AUDITOR)
    assert again.reason is Reason.DUPLICATE


@pytest.mark.thorough
async def test_the_second_signer_cannot_be_the_first_from_another_account(chat: Chat) -> None:
    await signed(chat)
    slack = Account("slack", "U0007", "T0001")
    reply = await chat.say("audit review countersign --findings x", account=slack)
    assert "You signed this review" in reply.text


async def test_nobody_signs_a_review_of_themselves_alone(chat: Chat) -> None:
    others = [person.id for person in chat.house.directory.people() if person.id != OFFICER]
    await change(chat, **{name.replace("-", "_"): None for name in others})
    reply = await signed(chat)
    assert reply.reason is Reason.BAD_INPUT
    assert "nobody reviews themselves" in reply.text


async def test_a_dry_run_signs_nothing(chat: Chat) -> None:
    (button,) = (await review(chat)).buttons
    dry = await chat.say(f"{button.command} --findings x --dry-run", as_=OFFICER)
    assert "nothing was changed" in dry.text
    assert "none was signed yet" in dict((await review(chat)).fields)["Last review"]
