"""Deploy a version of a service to an environment; production asks for approval first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
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
    Id,
    Option,
    Proposal,
    Request,
    Risk,
    Service,
    Wanted,
    Word,
    args,
)


class Args(args):
    """What, which version, where, and why."""

    service: Service
    version: str
    environment: Annotated[Environment, Word("to")]
    reason: Annotated[str, Option("why this deploy is made"), FreeText()]
    change: Annotated[str, Id("CHG")] = ""
    at: Annotated[str, Option("when it starts, on the clocks of its site: `Tue 02:00`")] = ""
    despite: Annotated[str, Option("what it overlaps on purpose: CHG-7")] = ""


async def propose(arguments: Args, deployments: Deployments) -> Proposal:
    """Bind the asking to the commit that the version is now."""
    if not arguments.reason.strip():
        raise BadInput("Say why: `--reason ...` is what the approvers and the record will read.")
    planned = deployments.planned(arguments.service, arguments.at)
    wanted = replace(_wanted(arguments, None), planned=planned)
    values = _values(arguments)
    if planned is not None:
        # What was typed means another moment tomorrow; this one is what is approved.
        values["at"] = planned.isoformat(timespec="minutes")
    return await deployments.propose(wanted, values, "deploy")


async def check(
    arguments: Args, proposal: Proposal, caller: Caller, deployments: Deployments
) -> tuple[tuple[str, str], ...]:
    """Refuse what must not be deployed now; return what the checks found."""
    wanted = replace(
        _wanted(arguments, proposal),
        requester=caller.principal.id,
        correlation=caller.correlation,
        request=caller.request,
    )
    return await deployments.check(wanted, proposal)


async def on_request(
    arguments: Args, proposal: Proposal, caller: Caller, deployments: Deployments
) -> Done:
    """Open the change record together with the request."""
    return deployments.open_change(_wanted(arguments, proposal), proposal, caller)


async def on_withdrawn(request: Request, deployments: Deployments) -> tuple[Effect[object], ...]:
    """Close that change record when the request does not run."""
    return await deployments.withdrawn(request)


async def run(
    arguments: Args, proposal: Proposal, caller: Caller, deployments: Deployments
) -> Done:
    """Start the durable flow."""
    return deployments.start(_wanted(arguments, proposal), proposal, caller)


def _wanted(arguments: Args, proposal: Proposal | None) -> Wanted:
    planned = proposal.facts.get("planned") if proposal else None
    return Wanted(
        service=arguments.service,
        environment=arguments.environment.name,
        version=arguments.version,
        reason=arguments.reason,
        change=arguments.change,
        planned=datetime.fromisoformat(planned) if planned else None,
        despite=tuple(arguments.despite.upper().replace(",", " ").split()),
    )


def _values(arguments: Args) -> dict[str, str]:
    values = {
        "service": arguments.service.id,
        "version": arguments.version,
        "environment": arguments.environment.name,
        "reason": arguments.reason,
        "change": arguments.change,
        "despite": arguments.despite,
    }
    return {name: value for name, value in values.items() if value}


command = Command(
    "deploy",
    Args,
    run,
    summary="Deploy a version of a service.",
    role="deployer",
    risk=Risk.CHANGE,
    examples=(
        'deploy lab-results 1.4.2 to production --reason "fix the stuck ORU queue"',
        'deploy portal 1.4.2 to test --reason "try it" --dry-run',
        'deploy portal 1.4.2 to production --at "Tue 02:00" --reason "quiet hours"',
    ),
    propose=propose,
    check=check,
    on_request=on_request,
    on_withdrawn=on_withdrawn,
    repeatable=True,
    runbooks=True,
)
