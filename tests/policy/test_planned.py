"""A rule about a time counts for what is planned for that time, already when it is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.model import DeployState, Reason
from tests.house import Chat, opened, write_site

# The clock of the tests stands on a Sunday at noon.
FRIDAY = """@id("friday-afternoon")
@message("from Friday noon a release manager approves")
@needs("approval")
forbid (principal, action == Action::"run", resource in Group::"deploys")
when { context.local.weekday == 5 && context.local.minute >= 720 }
unless { context.approvals.roles.contains(Role::"release_manager") };
"""
NEVER = """@id("saturdays-are-free")
@message("nothing is deployed on a Saturday")
forbid (principal, action == Action::"run", resource in Group::"deploys")
when { context.local.weekday == 6 };
"""
TODAY = """@id("sundays-are-asked-about")
@message("on a Sunday somebody else agrees")
@needs("approval")
forbid (principal, action == Action::"run", resource in Group::"deploys")
when { context.local.weekday == 7 && context has service && context.service == "pacs" }
unless { context.approvals.total >= 1 };
"""
ASK = 'deploy portal 1.4.2 to test --at "{at}" --reason quiet'


@pytest.fixture
async def chat(launched_url: str, tmp_path: Path) -> AsyncIterator[Chat]:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/times.cedar").write_text(FRIDAY + NEVER + TODAY)
    async with opened(write_site(tmp_path, launched_url, policies=["policies"])) as made:
        yield made


async def test_what_a_rule_says_of_the_planned_moment_is_said_when_it_is_asked_for(
    chat: Chat,
) -> None:
    early = await chat.say(ASK.format(at="Fri 11:59"))
    assert early.reason is Reason.OK, early.text
    asked = await chat.say(ASK.format(at="Fri 18:00"))
    assert asked.reason is Reason.PENDING_APPROVAL
    request = await chat.house.stores.requests.show(asked.request or "")
    assert request is not None
    assert request.needs == ("from Friday noon a release manager approves",)
    refused = await chat.say(ASK.format(at="Sat 10:00"))
    assert refused.reason is Reason.NOT_AUTHORISED
    assert "nothing is deployed on a Saturday" in refused.text


async def test_both_moments_have_to_be_satisfied(chat: Chat) -> None:
    line = 'deploy pacs 1.4.2 to test --at "Fri 18:00" --reason quiet'
    asked = await chat.say(line)
    request = await chat.house.stores.requests.show(asked.request or "")
    assert request is not None
    assert "on a Sunday somebody else agrees" in request.needs
    assert "from Friday noon a release manager approves" in request.needs
    decision = (await chat.events(verb="deploy"))[-1].data["decision"]
    assert isinstance(decision, dict)
    assert {"friday-afternoon", "sundays-are-asked-about"} <= set(decision["policies"])


async def test_explain_agrees_about_what_is_planned(chat: Chat) -> None:
    line = "deploy portal 1.4.2 to test --at 'Fri 18:00'"
    said = await chat.say(f'policy explain "{line}"')
    assert said.refs["verdict"] == "needs_approval"
    assert said.table is not None
    says = {row[0]: row[1] for row in said.table.rows}
    assert (says["friday-afternoon"], says.get("saturdays-are-free", "passes")) == ("no", "passes")
    assert (await chat.say('policy explain "deploy portal 1.4.2 to test"')).refs[
        "verdict"
    ] == "runs"
    given = await chat.say(f'policy explain "{line}" --approved-by release-manager')
    assert given.refs["verdict"] == "runs"


@pytest.mark.thorough
async def test_an_approval_from_the_days_before_counts_at_the_start(chat: Chat) -> None:
    asked = await chat.say(ASK.format(at="Fri 18:00"))
    await chat.say(f"approve {asked.request}", as_="release-manager")
    deploy = await chat.house.stores.deploys.show("DEP-1")
    assert deploy is not None
    assert deploy.state is DeployState.SCHEDULED
    chat.clock.turn(days=5, hours=6, minutes=1)
    await chat.house.schedule.look()
    ended = await chat.ended("DEP-1")
    assert ended.refs["state"] == "succeeded", ended.text
