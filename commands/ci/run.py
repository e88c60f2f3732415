"""Ask the CI server to build a version, branch or commit of a service."""

from __future__ import annotations

from typing import Annotated

from bot.api import Builds, Caller, Ci, Command, Done, Proposal, Risk, Service, Word, args


class Args(args):
    """A service and what to build of it."""

    service: Service
    ref: Annotated[str, Word("at")]


async def propose(arguments: Args, ci: Ci) -> Proposal:
    """Bind the asking to the commit that would be built."""
    service, ref = arguments.service, arguments.ref
    commit = await ci.resolve(service, ref)
    values = {"service": service.id, "ref": ref}
    return Proposal("ci run", values, {"commit": commit}, f"Build {service.id} {ref}")


async def run(arguments: Args, caller: Caller, ci: Ci, builds: Builds) -> Done:
    """Trigger one build, findable by this asking's correlation id, and follow it."""
    build = await ci.trigger(arguments.service, arguments.ref, correlation=caller.correlation)
    return builds.follow(build)


command = Command(
    "ci run",
    Args,
    run,
    summary="Ask CI to build a version.",
    role="deployer",
    risk=Risk.CHANGE,
    examples=("ci run lab-results 1.4.2",),
    propose=propose,
    runbooks=True,
)
