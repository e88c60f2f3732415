"""Go back to the last known-good version from recorded history, under the same policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from bot.api import (
    BadInput,
    Caller,
    Command,
    Deployments,
    Done,
    Effect,
    Environment,
    FreeText,
    Option,
    Proposal,
    Request,
    Risk,
    Service,
    Wanted,
    args,
)


class Args(args):
    """What to roll back, where, and why."""

    service: Service
    environment: Environment
    reason: Annotated[str, Option("why it is rolled back"), FreeText()]


async def propose(arguments: Args, deployments: Deployments) -> Proposal:
    """Bind the asking to the last known-good version and its commit."""
    if not arguments.reason.strip():
        raise BadInput("Say why: `--reason ...` is what the approvers and the record will read.")
    service, environment = arguments.service, arguments.environment.name
    version, undone = await deployments.last_good(service, environment)
    values = {"service": service.id, "environment": environment, "reason": arguments.reason}
    wanted = _wanted(arguments, version, undone)
    proposal = await deployments.propose(wanted, values, "rollback")
    facts = {"version": version, **proposal.facts}
    return Proposal(proposal.command, proposal.values, facts, proposal.summary)


async def check(
    arguments: Args, proposal: Proposal, caller: Caller, deployments: Deployments
) -> tuple[tuple[str, str], ...]:
    """Refuse what must not be deployed now; return what the checks found."""
    wanted = replace(
        _of(arguments, proposal),
        requester=caller.principal.id,
        correlation=caller.correlation,
        request=caller.request,
    )
    return await deployments.check(wanted, proposal)


async def on_request(
    arguments: Args, proposal: Proposal, caller: Caller, deployments: Deployments
) -> Done:
    """Open the change record together with the request."""
    return deployments.open_change(_of(arguments, proposal), proposal, caller)


async def on_withdrawn(request: Request, deployments: Deployments) -> tuple[Effect[object], ...]:
    """Close that change record when the request does not run."""
    return await deployments.withdrawn(request)


async def run(
    arguments: Args, proposal: Proposal, caller: Caller, deployments: Deployments
) -> Done:
    """Start the durable flow."""
    return deployments.start(_of(arguments, proposal), proposal, caller)


def _of(arguments: Args, proposal: Proposal) -> Wanted:
    return _wanted(arguments, proposal.facts["version"], proposal.facts["rolls_back"])


def _wanted(arguments: Args, version: str, undone: str) -> Wanted:
    return Wanted(
        service=arguments.service,
        environment=arguments.environment.name,
        version=version,
        reason=arguments.reason,
        rollback_of=undone,
    )


command = Command(
    "rollback",
    Args,
    run,
    summary="Roll a service back to its last known-good version.",
    role="deployer",
    risk=Risk.CHANGE,
    examples=('rollback lab-results production --reason "1.4.3 fails its smoke probe"',),
    propose=propose,
    check=check,
    on_request=on_request,
    on_withdrawn=on_withdrawn,
    repeatable=True,
    runbooks=True,
)
