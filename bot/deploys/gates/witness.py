"""Records what the gates found, once all of them let a deploy pass: evidence for afterwards.

It is the last of them. It asks again for what is shortest to say: which freeze holds, who holds the
environment, which build of the commit is green. Where the record cannot be written, nothing runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.deploys.journal import correlation
from bot.errors import IntegrationError
from bot.model import Draft, Kind, Reason
from bot.moments import written
from bot.ports import Touched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.deploys.gates.gate import Asked, Gate
    from bot.ports import ChangeTickets, Ci, Clock, Freezes, Ledger
    from bot.stores import Locks

VERB: Final = "deploy gates"


@dataclass(frozen=True)
class Witness:
    """Says in one event of the log how freezes, locks, CI and the change stood at a moment."""

    freezes: Freezes
    locks: Locks
    ci: Ci
    changes: ChangeTickets
    ledger: Ledger
    clock: Clock
    gates: Sequence[Gate]

    async def __call__(self, asked: Asked) -> None:
        """Append the event; refuses nothing."""
        wanted, deploy = asked.wanted, asked.deploy
        now = self.clock.now()
        found = {
            "moment": asked.moment.value,
            "commit": asked.commit,
            "version": wanted.version,
            "passed": ", ".join(type(gate).__name__ for gate in self.gates),
            "freeze": await self._freeze(asked),
            "lock": await self._lock(asked),
            "ci": await self._ci(asked),
            "change": await self._change(deploy.change if deploy else wanted.change),
        }
        if asked.when is not None:
            found["planned"] = written(asked.when)
        draft = Draft(
            kind=Kind.SYSTEM,
            verb=VERB,
            correlation=correlation(deploy) if deploy else wanted.correlation,
            person=deploy.requester if deploy else wanted.requester,
            service=wanted.service.id,
            environment=wanted.environment,
            request=deploy.request if deploy else wanted.request,
            deploy=deploy.id if deploy else "",
            change=deploy.change if deploy else wanted.change,
            params=found,
            reason=Reason.OK,
            text=f"every gate passed at the {asked.moment.value}, {written(now)}",
        )
        await self.ledger.append(draft)

    async def _freeze(self, asked: Asked) -> str:
        wanted, at = asked.wanted, asked.at(self.clock.now())
        found = await self.freezes.active(Touched(wanted.service.id, wanted.environment), at)
        if not found:
            return f"none holds at {written(at)}"
        named = ", ".join(f"{one.name} of {one.owner}" for one in found)
        return f"passed by an exception: {named}"

    async def _lock(self, asked: Asked) -> str:
        lock = await self.locks.held(asked.wanted.service.id, asked.wanted.environment)
        if lock is None:
            return "free"
        since = f" since {written(lock.since)}" if lock.since else ""
        return f"held by {lock.deploy or lock.person}{since}"

    async def _ci(self, asked: Asked) -> str:
        try:
            builds = await self.ci.builds(asked.wanted.service, asked.commit, limit=1)
        except IntegrationError as error:
            return f"not told this time: {error.text}"
        return f"build {builds[0].id} is {builds[0].state.value}" if builds else "no build"

    async def _change(self, number: str) -> str:
        change = await self.changes.show(number) if number else None
        if change is None:
            return "one is opened with it" if not number else f"{number} is not there"
        start, end = written(change.window_start), written(change.window_end)
        return f"{number} is {change.state.value}, {change.type.value}, from {start} to {end}"
