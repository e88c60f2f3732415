"""The shipped runbooks, followed from their first step to their end in a whole house."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.model import Reason
from bot.model.runs import RunState
from tests.house import Chat

PACS = "runbook run pacs-unreachable"
CERTIFICATE = "runbook run certificate-expiry with service=lab-results expires=2026-12-01"


async def follow(chat: Chat, begin: str, answers: Sequence[str]) -> dict[str, str]:
    """Begin one and answer whatever it asks: a step to tick, or `step: option`; returns its end."""
    said = await chat.say(begin)
    assert said.reason is Reason.OK, said.text
    for answer in answers:
        await ready(chat)
        step, _, option = answer.partition(": ")
        word = f"decide RUN-1 {step} {option} --reason" if option else f"tick RUN-1 {step} --note"
        said = await chat.say(f"runbook {word} 'as it was seen'")
        assert said.reason is Reason.OK, said.text
    return await ready(chat)


async def ready(chat: Chat) -> dict[str, str]:
    """Wait until the run does nothing by itself; returns where it stands."""
    run = await chat.house.procedures.runs.show("RUN-1")
    assert run is not None
    assert await chat.house.engine.wait("runbook", f"RUN-1:{run.leg}", seconds=20)
    return dict((await chat.card("RUN-1")).refs)


@pytest.mark.parametrize(
    "answers",
    [
        ["viewer", "scope: nothing"],
        ["viewer", "scope: network", "network_team", "complete: complete", "finished"],
        [
            *("viewer", "scope: application", "told", "local: declare", "cause: repair", "vendor"),
            *("complete: incomplete", "resend", "complete: complete", "finished"),
        ],
    ],
)
async def test_pacs_is_followed_to_its_end(chat: Chat, answers: list[str]) -> None:
    assert (await follow(chat, PACS, answers))["state"] == RunState.ENDED


async def test_pacs_goes_back_a_version_by_a_request_that_others_approve(chat: Chat) -> None:
    until = ["viewer", "scope: application", "told", "local: wait", "cause: roll-back"]
    assert (await follow(chat, PACS, until))["step"] == "back"
    offered = (await chat.card("RUN-1")).buttons[0]

    assert offered.confirm.startswith('This types: rollback "pacs" "production" --reason')
    await chat.say(offered.command)
    stopped = await ready(chat)
    assert (stopped["state"], stopped["step"]) == (RunState.STOPPED, "back")
    assert chat.ci.deploys == [], "nothing ran before, so there is nothing to go back to"


@pytest.mark.parametrize(
    "answers",
    [
        ["pinned", "window: now", "partners", "replace", "done: connected", "close"],
        ["pinned", "window: later", "plan", "replace", "done: refused", "replace"],
    ],
)
async def test_a_certificate_is_replaced(chat: Chat, answers: list[str]) -> None:
    stands = await follow(chat, CERTIFICATE, answers)

    is_over = answers[-1] == "close"
    assert stands["state"] == (RunState.ENDED if is_over else RunState.WAITING)
    assert stands.get("step", "") == ("" if is_over else "done")
