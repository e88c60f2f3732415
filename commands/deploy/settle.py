"""Say how a deploy ended that nobody could tell, and free its environment."""

from __future__ import annotations

import enum
from typing import Annotated

from bot.api import (
    BadInput,
    Caller,
    ChangeResult,
    ChangeTickets,
    Clock,
    Command,
    Deploy,
    DeployState,
    DeployStore,
    Done,
    Effect,
    FreeText,
    Id,
    Option,
    Reason,
    Reply,
    Risk,
    args,
)


class Ending(enum.StrEnum):
    """What a human found out."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Args(args):
    """The deploy, how it ended, and how that was found out."""

    deploy: Annotated[str, Id("DEP")]
    ending: Ending
    reason: Annotated[str, Option("how you know"), FreeText()]


async def run(
    arguments: Args, caller: Caller, deploys: DeployStore, changes: ChangeTickets, clock: Clock
) -> Done:
    """End the deploy and its change with what was found out."""
    deploy = await deploys.show(arguments.deploy)
    if deploy is None:
        raise BadInput(f"There is no deploy {arguments.deploy}.", reason=Reason.NOT_FOUND)
    if deploy.state is not DeployState.UNKNOWN:
        raise BadInput(f"{deploy.id} is {deploy.state.value}, so there is nothing to settle.")
    good = arguments.ending is Ending.SUCCEEDED
    state = DeployState.SUCCEEDED if good else DeployState.FAILED
    note = f"settled by {caller.principal.id}: {arguments.reason}"
    effects: list[Effect[object]] = [
        deploys.end(deploy.id, state, outcome=note, at=clock.now()),
    ]
    if deploy.change:
        result = ChangeResult.SUCCESSFUL_WITH_ISSUES if good else ChangeResult.FAILED
        effects.append(changes.close(deploy.change, result, f"{deploy.id}: {note}"))
    return Done(tuple(effects), lambda results: _say(results[0]))


def _say(result: object) -> Reply:
    if not isinstance(result, Deploy):
        raise TypeError(f"not a deploy: {type(result).__name__}")
    return Reply(
        f"{result.id} is {result.state.value}. {result.outcome}",
        refs={"deploy": result.id, "change": result.change},
    )


command = Command(
    "deploy settle",
    Args,
    run,
    summary="Say how an unknown deploy ended.",
    role="deployer",
    risk=Risk.CHANGE,
    examples=('deploy settle DEP-3 failed --reason "the CI server has no such build"',),
    repeatable=True,
)
