"""Every replica takes the policies that were put in force on one of them, or says why not."""

# ruff: noqa: ASYNC240 - a test edits a file as an administrator does, nothing else waits
from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.dispatch.authorise import Policies
from bot.dispatch.following import PolicyFollower
from bot.errors import AuditUnavailable
from bot.model import Reason
from tests.house import Chat, opened, write_site
from tests.policy.rules import KNOWN
from tests.policy.test_reload import FORBID, THREE, keeper_of


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "policies").mkdir()
    return tmp_path / "policies/site.cedar"


@pytest.fixture
async def chat(launched_url: str, tmp_path: Path, rules: Path) -> AsyncIterator[Chat]:
    rules.write_text("")
    file = keeper_of(write_site(tmp_path, launched_url, policies=["policies"]))
    async with opened(file) as made:
        yield made


@pytest.fixture
def other(chat: Chat, rules: Path, tmp_path: Path) -> PolicyFollower:
    """Another replica, as far as it has policies: with files of its own, on the same database."""
    shutil.copytree(rules.parent, tmp_path / "other")
    here = chat.house.following
    policies = Policies(KNOWN.commands, [tmp_path / "other"])
    return PolicyFollower(replace(here.keeper, policies=policies), here.reloads, here.ledger)


async def test_a_reload_on_one_replica_reaches_the_others(
    chat: Chat, other: PolicyFollower, rules: Path, tmp_path: Path
) -> None:
    await other.look()
    before = other.keeper.policies.version
    for folder in (rules.parent, tmp_path / "other"):
        (folder / "site.cedar").write_text(FORBID)
    await other.look()
    assert other.keeper.policies.version == before  # nothing is taken because a file changed
    assert (await chat.say("policy reload", as_="keeper")).reason is Reason.OK

    await other.look()
    await other.look()

    now = chat.house.road.policies.version
    assert (other.keeper.policies.version, other.keeper.trouble) == (now, "")
    assert now != before
    (event,) = await chat.told(verb="policy reload", kind="system")
    assert event.data["params"] == {"policies": now, "replaces": before}
    assert "as on the replica where that was asked for: added no-portal" in str(event.data["text"])


@pytest.mark.parametrize(
    ("own", "why"), [(THREE, "its files are"), ("forbid (", "site.cedar:1"), ("", "its files are")]
)
async def test_a_replica_with_other_files_stays_with_what_it_has_and_says_so(
    chat: Chat, other: PolicyFollower, tmp_path: Path, own: str, why: str
) -> None:
    await other.look()
    before = other.keeper.policies.version
    (tmp_path / "policies/site.cedar").write_text(FORBID)
    (tmp_path / "other/site.cedar").write_text(own)
    await chat.say("policy reload", as_="keeper")

    await other.look()
    await other.look()

    assert other.keeper.policies.version == before
    assert why in other.keeper.trouble
    assert f"In force here: {before}" in other.keeper.trouble
    (event,) = await chat.events(verb="policy reload", kind="system")
    assert event.data["reason"] == "bad_input"
    assert ("Behind", other.keeper.trouble) in (await other.keeper.check()).fields

    (tmp_path / "other/site.cedar").write_text(FORBID)
    await other.look()
    assert other.keeper.policies.version == chat.house.road.policies.version
    assert other.keeper.trouble == ""


async def test_what_cannot_be_recorded_is_not_put_in_force_until_it_can(
    chat: Chat, other: PolicyFollower, rules: Path, tmp_path: Path
) -> None:
    await other.look()
    for folder in (rules.parent, tmp_path / "other"):
        (folder / "site.cedar").write_text(FORBID)
    await chat.say("policy reload", as_="keeper")
    before = other.keeper.policies.version

    class Silent:
        async def append(self, *_: object) -> None:
            raise AuditUnavailable("the audit log cannot be written")

    ledger, other.ledger = other.ledger, Silent()  # type: ignore[assignment] # one that fails
    await other.look()
    assert other.keeper.policies.version == before
    other.ledger = ledger
    await other.look()
    assert other.keeper.policies.version != before


async def test_a_replica_that_starts_with_newer_files_keeps_them(
    chat: Chat, rules: Path, tmp_path: Path
) -> None:
    rules.write_text(FORBID)
    await chat.say("policy reload", as_="keeper")
    (tmp_path / "new").mkdir()
    (tmp_path / "new/site.cedar").write_text(THREE)
    here = chat.house.following
    policies = Policies(KNOWN.commands, [tmp_path / "new"])
    new = PolicyFollower(replace(here.keeper, policies=policies), here.reloads, here.ledger)
    version = policies.version

    await new.look()
    await new.look()

    assert (policies.version, new.keeper.trouble) == (version, "")


async def test_a_signal_puts_the_files_in_force_and_the_others_follow(
    chat: Chat, other: PolicyFollower, rules: Path, tmp_path: Path
) -> None:
    await other.look()
    for folder in (rules.parent, tmp_path / "other"):
        (folder / "site.cedar").write_text(FORBID)

    await chat.house.following.again()
    await chat.house.following.again()
    await chat.house.following.look()
    await other.look()

    now = chat.house.road.policies.version
    assert other.keeper.policies.version == now
    line = "deploy portal 1.4.2 to test --reason try --dry-run"
    assert (await chat.say(line)).reason is Reason.NOT_AUTHORISED
    events = await chat.events(verb="policy reload")
    assert [(event.data["kind"], event.data.get("person", "")) for event in events] == [
        ("system", ""),
        ("system", ""),
    ]


async def test_a_signal_with_a_broken_file_changes_nothing_and_is_said_each_time(
    chat: Chat, rules: Path
) -> None:
    before = chat.house.road.policies.version
    rules.write_text("forbid (")
    await chat.house.following.again()
    await chat.house.following.again()
    assert chat.house.road.policies.version == before
    assert "site.cedar:1" in chat.house.following.keeper.trouble
    assert len(await chat.events(verb="policy reload", reason="bad_input")) == 2
    rules.write_text("")
    await chat.house.following.again()
    assert chat.house.following.keeper.trouble == ""


async def test_a_reload_that_changes_nothing_here_brings_the_others_back(
    chat: Chat, other: PolicyFollower, rules: Path, tmp_path: Path
) -> None:
    await other.look()
    (tmp_path / "other/site.cedar").write_text(FORBID)
    await other.again()
    await chat.house.following.look()
    assert "were put in force elsewhere" in chat.house.following.keeper.trouble
    said = await chat.say("policy reload", as_="keeper")
    assert "the other replicas follow" in said.text
    assert chat.house.following.keeper.trouble == ""
    (tmp_path / "other/site.cedar").write_text(rules.read_text())
    await other.look()
    assert other.keeper.policies.version == chat.house.road.policies.version
    assert "Nothing to do" in (await chat.say("policy reload", as_="keeper")).text
