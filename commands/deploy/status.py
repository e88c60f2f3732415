"""Show one deploy, or the newest one of a service."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from bot.api import (
    BadInput,
    Catalogue,
    Command,
    Deploy,
    DeployState,
    DeployStore,
    GoesOut,
    Halts,
    Reason,
    Reply,
    Risk,
    Word,
    args,
    written,
)

SAID = {
    DeployState.SCHEDULED: "is scheduled",
    DeployState.STARTED: "is being deployed",
    DeployState.VALIDATING: "waits to be validated",
    DeployState.NOT_VALIDATED: "was not validated",
    DeployState.SUCCEEDED: "succeeded",
    DeployState.FAILED: "failed",
    DeployState.STOPPED: "was stopped",
    DeployState.UNKNOWN: "has an unknown outcome",
}


class Args(args):
    """A deploy's number or a service's name; nothing for what runs now."""

    what: Annotated[str, Word("of")] = ""


async def run(
    arguments: Args,
    deploys: DeployStore,
    catalogue: Catalogue,
    halts: Halts,
    goes_out: GoesOut,
) -> Reply:
    """Answer from the history, and say first whether everything is stopped."""
    reply = await _with_commits(
        await _found(arguments.what, deploys, catalogue), deploys, catalogue, goes_out
    )
    halt = await halts.current()
    if halt is None:
        return reply
    said = f"{halt.id}, since {written(halt.since)}, by {', '.join(halt.by)}"
    text = f"EVERYTHING IS STOPPED: {said}. `stop-all status` says why.\n{reply.text}"
    return replace(reply, text=text, fields=(("STOP-ALL", said), *reply.fields))


async def _found(what: str, deploys: DeployStore, catalogue: Catalogue) -> Reply:
    if what.upper().startswith("DEP-"):
        deploy = await deploys.show(what.upper())
        if deploy is None:
            raise BadInput(f"There is no deploy {what.upper()}.", reason=Reason.NOT_FOUND)
        return _shown(deploy)
    if what and catalogue.service(what.lower()) is None:
        known = ", ".join(service.id for service in catalogue.services())
        raise BadInput(f"`{what[:40]}` is no deploy and no service. Services: {known}.")
    found = await deploys.list(service=what.lower(), running=not what, limit=5)
    if not found and what:
        return Reply(f"{what} has no deploys yet.")
    if not found:
        newest = await deploys.list(limit=50)
        waits = [d for d in newest if d.state is DeployState.SCHEDULED]
        return Reply("Nothing is being deployed.", items=tuple(map(_scheduled, waits)))
    if what or len(found) == 1:
        return _shown(found[0])
    return Reply(
        text=f"{len(found)} deploys are running.",
        items=tuple(f"{d.id}: {d.service} {d.version} to {d.environment}" for d in found),
    )


async def _with_commits(
    reply: Reply, deploys: DeployStore, catalogue: Catalogue, goes_out: GoesOut
) -> Reply:
    """Name the commits of the deploy that is shown, where one is."""
    deploy = await deploys.show(reply.refs["deploy"]) if "deploy" in reply.refs else None
    service = catalogue.service(deploy.service) if deploy else None
    if deploy is None or service is None or service.ci is None:
        return reply
    said = await goes_out.words(service, deploy)
    return replace(reply, fields=(*reply.fields, ("Commits", said)))


def _sites(deploy: Deploy) -> str:
    """Return where each batch of sites stands."""
    parts = [f"{' and '.join(b.sites)} {b.state.value}" for b in deploy.batches if b.sites]
    return ", ".join(parts)


def _scheduled(deploy: Deploy) -> str:
    what = f"{deploy.service} {deploy.version} to {deploy.environment}"
    return f"{deploy.id}: {what}, scheduled to start {written(deploy.planned or deploy.created)}"


def _shown(deploy: Deploy) -> Reply:
    fields = [
        ("Deploy", deploy.id),
        ("State", deploy.state.value),
        ("Request", deploy.request),
        ("Change", deploy.change),
        ("Asked by", deploy.requester),
        ("Commit", deploy.commit[:12]),
        ("Build", deploy.build),
        ("Starts", written(deploy.planned) if deploy.planned else ""),
        ("Sites", _sites(deploy)),
        ("Replaced", deploy.replaced),
        ("Outcome", deploy.outcome),
    ]
    refs = {"deploy": deploy.id, "change": deploy.change, "state": deploy.state.value}
    return Reply(
        text=f"{deploy.id}: {deploy.service} {deploy.version} to {deploy.environment} "
        f"{SAID[deploy.state]}. {deploy.outcome}".strip(),
        title=f"{deploy.service} {deploy.version} to {deploy.environment}",
        fields=tuple((name, value) for name, value in fields if value),
        progress=deploy.steps,
        request=deploy.request or None,
        refs={name: value for name, value in refs.items() if value},
    )


command = Command(
    "deploy status",
    Args,
    run,
    summary="Show one deploy, or what is being deployed now.",
    role="reader",
    risk=Risk.READ,
    examples=("deploy status DEP-3", "deploy status lab-results", "deploy status"),
    quotes=True,
)
