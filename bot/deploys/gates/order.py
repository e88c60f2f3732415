"""A commit succeeds in one environment before it comes to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.errors import Refused
from bot.model import Deploy, DeployState, Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.api import Wanted
    from bot.deploys.gates.gate import Asked
    from bot.stores import DeployStore

FAR_BACK: Final = 200
"""How many deploys of an environment are looked at; an older success has to be made again."""

STANDING: Final = {
    DeployState.STARTED: ("is on its way", "wait for it: `deploy status {id}`"),
    DeployState.VALIDATING: (
        "waits for its clinical validator",
        "who types `deploy validate {id} ok --note ...`",
    ),
    DeployState.NOT_VALIDATED: (
        "was not validated",
        "have it validated: `deploy validate {id} ok --note ...`",
    ),
    DeployState.UNKNOWN: (
        "ended nobody knows how",
        "look, and type `deploy settle {id} succeeded --reason ...` where it did",
    ),
}


@dataclass(frozen=True)
class Order:
    """Asks the recorded deploys.

    A rollback needs no order: it goes to what worked in this very environment, and whoever has to
    leave a bad version must not be sent through another environment first.
    """

    deploys: DeployStore

    async def __call__(self, asked: Asked) -> None:
        """Refuse unless this very commit has succeeded in the environment before."""
        await proven(self.deploys, asked)


async def proven(deploys: DeployStore, asked: Asked) -> tuple[Deploy, Sequence[Deploy]] | None:
    """Return the deploy that succeeded in the environment before, and those since, newest first.

    None where nothing has to come before; `Refused` where nothing did. What counts is the commit,
    for a tag can be moved; and the newest deploy of it there, for one that failed or was rolled
    back after a success takes that success with it.
    """
    wanted = asked.wanted
    target = wanted.service.environment(wanted.environment)
    if target is None or not target.after or wanted.rollback_of:
        return None
    found = await deploys.list(service=wanted.service.id, environment=target.after, limit=FAR_BACK)
    there = [deploy for deploy in found if _has_touched(deploy)]
    place = next((at for at, one in enumerate(there) if one.commit == asked.commit), None)
    if place is None:
        raise _refused(_never(wanted, asked.commit, there, target.after), wanted, target.after)
    newest, since = there[place], there[:place]
    if newest.state in STANDING:
        says, mend = (text.format(id=newest.id) for text in STANDING[newest.state])
        raise Refused(
            Reason.PRECHECK_FAILED,
            f"{_goes(wanted, target.after)}, and {newest.id} {says} there: {mend}.",
        )
    if newest.state is not DeployState.SUCCEEDED:
        raise _refused(f"{newest.id} {newest.state.value} there", wanted, target.after)
    back = next((one for one in since if one.rollback_of == newest.id), None)
    if back is not None:
        raise _refused(f"{back.id} rolled {newest.id} back there", wanted, target.after)
    _require_validated(newest, wanted, target.after)
    return newest, since


def _has_touched(deploy: Deploy) -> bool:
    """Say whether a deploy changed what runs there, as far as anybody knows."""
    if deploy.state is DeployState.SCHEDULED:
        return False
    return bool(deploy.build) or deploy.state not in (DeployState.FAILED, DeployState.STOPPED)


def _require_validated(newest: Deploy, wanted: Wanted, before: str) -> None:
    """Refuse a success that the environment wants validated and that was not, at its time."""
    place = wanted.service.environment(before)
    if place is not None and place.validator is not None and not newest.validated_by:
        raise _refused(f"{newest.id} was not validated there", wanted, before)


def _never(wanted: Wanted, commit: str, there: Sequence[Deploy], before: str) -> str:
    same = next((one for one in there if one.version == wanted.version), None)
    if same is None:
        return f"{wanted.version} (commit {commit[:12]}) has not been there"
    return (
        f"{wanted.version} is commit {commit[:12]} now, but {same.id} had commit "
        f"{same.commit[:12]} in {before}"
    )


def _goes(wanted: Wanted, before: str) -> str:
    return f"{wanted.environment} of {wanted.service.id} comes after {before}"


def _refused(why: str, wanted: Wanted, before: str) -> Refused:
    command = f"deploy {wanted.service.id} {wanted.version} to {before} --reason ..."
    return Refused(
        Reason.PRECHECK_FAILED,
        f"{_goes(wanted, before)}, and {why}. Type `{command}` first.",
    )
