"""Policies are checked and reloaded whole, and the record says which ones decided."""

# ruff: noqa: ASYNC240 - a test edits a file as an administrator does, nothing else waits
from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.model import Reason
from tests.gates.declared import declare
from tests.house import Chat, opened, write_site

FORBID = """@id("no-portal")
@message("the portal is not deployed")
forbid (principal, action == Action::"run", resource in Group::"deploys")
when { context has service && context.service == "portal" };
"""
THREE = """@id("three-for-b")
@message("B needs three")
@needs("approval")
forbid (principal, action == Action::"run", resource in Group::"deploys")
when { context has safety_class && context.safety_class == "B" }
unless { context.approvals.total >= 3 };
"""


def keeper_of(settings: Path) -> Path:
    """Let the people file have an administrator; returns the settings file."""
    file = settings.parent / "people.yaml"
    people = json.loads(file.read_text())
    people.append({"id": "keeper", "name": "Keeper", "roles": ["administrator"]})
    file.write_text(json.dumps(people))
    return settings


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "policies").mkdir()
    return tmp_path / "policies/site.cedar"


@pytest.fixture
async def chat(launched_url: str, tmp_path: Path, rules: Path) -> AsyncIterator[Chat]:
    file = keeper_of(write_site(tmp_path, launched_url, policies=["policies"]))
    async with opened(file) as made:
        yield made


async def test_a_new_rule_holds_after_a_reload_and_not_before(chat: Chat, rules: Path) -> None:
    before = chat.house.road.policies.version
    rules.write_text(FORBID)
    line = "deploy portal 1.4.2 to test --reason try --dry-run"
    assert (await chat.say(line)).reason is Reason.OK

    reply = await chat.say("policy reload", as_="keeper")

    after = chat.house.road.policies.version
    assert reply.refs == {"policies": after, "replaces": before}
    assert before != after
    refused = await chat.say(line)
    assert refused.reason is Reason.NOT_AUTHORISED
    assert "the portal is not deployed" in refused.text
    event = (await chat.events(verb="policy reload", kind="outcome"))[-1].data
    params = event["params"]
    assert isinstance(params, dict)
    assert params["fact.added"] == "no-portal"
    assert (params["fact.replaces"], params["fact.policies"]) == (before, after)
    said = [e.data["decision"] for e in await chat.events(verb="deploy")]
    assert [one["version"] for one in said if isinstance(one, dict)][-1] == after
    assert next(one["version"] for one in said if isinstance(one, dict)) == before


async def test_what_is_broken_changes_nothing_and_says_why(chat: Chat, rules: Path) -> None:
    before = chat.house.road.policies.version
    rules.write_text(FORBID + 'forbid (principal, action == Action::"fly", resource);')

    reply = await chat.say("policy reload", as_="keeper")
    check = await chat.say("policy check", as_="security-officer")

    assert reply.reason is Reason.BAD_INPUT
    assert "site.cedar:5" in reply.text
    assert check.reason is Reason.BAD_INPUT
    assert any("site.cedar:5" in item for item in check.items)
    assert chat.house.road.policies.version == before


async def test_a_check_says_what_a_reload_would_change(chat: Chat, rules: Path) -> None:
    whole = await chat.say("policy check", as_="keeper")
    rules.write_text(FORBID.replace('@message("the portal is not deployed")\n', ""))
    changed = await chat.say("policy check", as_="keeper")

    assert "are what is in force" in whole.text
    assert "added no-portal" in changed.text
    assert any("no-portal has no @message" in item for item in changed.items)


async def test_a_check_finds_what_leans_on_the_policies(
    chat: Chat, rules: Path, tmp_path: Path
) -> None:
    rules.write_text(
        FORBID.replace("when {", 'unless { context.approvals.rotas.contains("x") }\nwhen {')
    )
    people = json.loads((tmp_path / "people.yaml").read_text())
    people[0]["roles"] = ["pharmacist"]
    (tmp_path / "people.yaml").write_text(json.dumps(people))

    reply = await chat.say("policy check", as_="keeper")

    said = "\n".join(reply.items)
    assert "no-portal: there is no rota x in oncall.yaml" in said
    assert "engineer.roles: there is no role pharmacist" in said


async def test_a_role_that_somebody_holds_is_not_taken_from_under_them(
    chat: Chat, rules: Path, tmp_path: Path
) -> None:
    (rules.parent / "roles.json").write_text('{"roles": {"pharmacist": ["approver"]}}')
    assert (await chat.say("policy reload", as_="keeper")).reason is Reason.OK
    people = json.loads((tmp_path / "people.yaml").read_text())
    people.append({"id": "pharmacist", "name": "P", "roles": ["pharmacist"]})
    (tmp_path / "people.yaml").write_text(json.dumps(people))
    await chat.house.directory.look()
    assert "approver" in (await chat.say("whoami", as_="pharmacist")).text + str(
        (await chat.say("whoami", as_="pharmacist")).fields
    )
    (rules.parent / "roles.json").unlink()

    reply = await chat.say("policy reload", as_="keeper")

    assert reply.reason is Reason.BAD_INPUT
    assert "pharmacist" in reply.text


async def test_what_waits_is_judged_by_the_policies_in_force_at_the_click(
    chat: Chat, rules: Path
) -> None:
    await chat.say("deploy lab-results 1.4.2 to production --reason fix")
    await chat.say("approve REQ-1", as_="engineer-2")
    rules.write_text(THREE)
    await chat.say("policy reload", as_="keeper")

    reply = await chat.say("approve REQ-1", as_="release-manager")

    assert "B needs three" in reply.text
    assert (await chat.card("REQ-1")).reason is Reason.PENDING_APPROVAL
    await chat.say("approve REQ-1", as_="commander")
    assert (await chat.ended("DEP-1")).refs["state"] == "succeeded"


async def test_only_administrators_reload_and_a_dry_run_does_not(chat: Chat, rules: Path) -> None:
    before = chat.house.road.policies.version
    rules.write_text(FORBID)

    for who in ("engineer", "security-officer", "release-manager"):
        assert (await chat.say("policy reload", as_=who)).reason is Reason.NOT_AUTHORISED
    dry = await chat.say("policy reload --dry-run", as_="keeper")

    assert dry.reason is Reason.OK
    assert "no-portal" in str(dry.fields)
    assert chat.house.road.policies.version == before


async def test_a_reload_may_itself_need_somebody_else(chat: Chat, rules: Path) -> None:
    two = """@id("two") @message("two") @needs("approval")
    forbid (principal, action == Action::"run", resource == Command::"policy reload")
    unless { context.approvals.total >= 1 };"""
    rules.write_text(two)
    await chat.say("policy reload", as_="keeper")
    rules.write_text(two + FORBID)

    asked = await chat.say("policy reload", as_="keeper")
    assert asked.reason is Reason.PENDING_APPROVAL
    rules.write_text(two + FORBID + THREE)
    moved = await chat.say(f"approve {asked.request}", as_="release-manager")

    assert moved.reason is Reason.SUPERSEDED, "the files are others than those that were asked for"


async def test_a_role_that_a_validator_needs_is_not_taken_away(
    launched_url: str, tmp_path: Path, rules: Path
) -> None:
    file = keeper_of(write_site(tmp_path, launched_url, policies=["policies"]))
    declare(file, "pacs", "production", validator={"role": "radiographer"})
    with pytest.raises(ConfigurationError, match="there is no role radiographer"):
        async with opened(file):
            raise AssertionError("it started")
    (rules.parent / "roles.yaml").write_text("roles: {radiographer: [reader]}\n")
    async with opened(file) as chat:
        (rules.parent / "roles.yaml").unlink()
        refused = await chat.say("policy reload", as_="keeper")
        assert refused.reason is Reason.BAD_INPUT
        assert "there is no role radiographer" in refused.text
