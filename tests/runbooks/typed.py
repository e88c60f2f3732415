"""What a test of runs asks of a house."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.model import Reply
    from tests.house import Chat


async def stands(chat: Chat, run_id: str = "RUN-1") -> Reply:
    """Wait until a run does nothing by itself any more; returns its message."""
    run = await chat.house.procedures.runs.show(run_id)
    assert run is not None
    assert await chat.house.engine.wait("runbook", f"{run_id}:{run.leg}", seconds=20)
    return await chat.card(run_id)


def lines(reply: Reply) -> dict[str, str]:
    """Return what each line of the list says, by its label."""
    return {step.label: f"{step.state.value} {step.detail}".strip() for step in reply.progress}
