"""Which version is where: what answers now beside what is recorded, and what keeps it there.

Nothing is guessed: a probe that does not answer is said, and so is a version that is not the one
that was deployed last. Implements `bot.api.Whereabouts`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.deploys.sight import version_probes, where
from bot.errors import IntegrationError, StoreFailed
from bot.model import DeployState, Reply, Table
from bot.moments import written
from bot.ports import Touched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Deploy, Deployment, Lock, Probe, Service
    from bot.ports import Clock, Freezes, Prober
    from bot.stores import DeployStore, Locks

_COLUMNS: Final = ("Environment", "Runs now", "Recorded", "Held by", "Frozen", "Planned")
_PUT_THERE: Final = frozenset(
    {DeployState.SUCCEEDED, DeployState.VALIDATING, DeployState.NOT_VALIDATED}
)
_MAY_HAVE_CHANGED: Final = frozenset({DeployState.FAILED, DeployState.STOPPED, DeployState.UNKNOWN})
_LOOKED_BACK: Final = 100  # deploys of one environment


@dataclass(frozen=True)
class VersionMap:
    """Asks the probes, the history, the locks and the calendar."""

    deploys: DeployStore
    locks: Locks
    freezes: Freezes
    prober: Prober
    clock: Clock

    async def of(self, service: Service) -> Reply:
        """Return each environment: what answers there now, what is recorded, who holds it."""
        rows = await asyncio.gather(*(self._row(service, one) for one in service.environments))
        said = "; ".join(f"{name} {_sentence(seen, recorded)}" for name, seen, recorded, *_ in rows)
        return Reply(
            f"{service.id}: {said or 'it has no environment'}.",
            title=f"Where {service.id} is",
            table=Table(_COLUMNS, tuple(_cells(row) for row in rows)) if rows else None,
        )

    async def _row(self, service: Service, there: Deployment) -> tuple[str, ...]:
        probes = version_probes(service, there.name, ())
        history = await self.deploys.list(
            service=service.id, environment=there.name, limit=_LOOKED_BACK
        )
        return (
            there.name,
            await self._seen(probes),
            *_recorded(history),
            _held(await self.locks.held(service.id, there.name), self.clock),
            await self._frozen(service, there.name),
            ", ".join(_planned(deploy) for deploy in reversed(history) if _is_planned(deploy)),
        )

    async def _seen(self, probes: Sequence[Probe]) -> str:
        """Return what answers, "" where nothing can be asked."""
        answers = await asyncio.gather(*(self._ask(probe) for probe in probes))
        return where({probe.site: said for probe, said in zip(probes, answers, strict=True)})

    async def _ask(self, probe: Probe) -> str:
        try:
            return await self.prober.version(probe) or "a version that it does not say"
        except IntegrationError as error:
            return f"not known ({error.text.rstrip('.')})"

    async def _frozen(self, service: Service, environment: str) -> str:
        try:
            held = await self.freezes.active(Touched(service.id, environment), self.clock.now())
        except StoreFailed:
            return "not known: the calendar cannot be read"
        if not held:
            return ""
        until = f"until {written(held[0].end)}" if held[0].end else "and nobody knows until when"
        return f"`{held[0].name}` {until}, ask {held[0].owner}"


def _recorded(history: Sequence[Deploy]) -> tuple[str, str, str]:
    """Return the version that was put there last, since when and by what, and what came later."""
    last = next((one for one in history if one.state in _PUT_THERE), None)
    later = [one for one in history if one.state in _MAY_HAVE_CHANGED]
    if last is None:
        return "", "", f"{later[0].id} is {later[0].state}" if later else ""
    since = written(last.finished or last.created)
    doubt = [one for one in later if int(one.id[4:]) > int(last.id[4:])]
    note = f"{doubt[0].id} after it is {doubt[0].state}" if doubt else ""
    if last.state is not DeployState.SUCCEEDED:
        note = ", ".join(filter(None, (last.state.value.replace("_", " "), note)))
    return last.version, f"since {since} by {last.id}", note


def _sentence(seen: str, recorded: str) -> str:
    if not seen:
        return f"has no version probe; recorded is {recorded or 'nothing'}"
    if recorded and seen != recorded:
        return f"runs {seen}, which is not the recorded {recorded}"
    return f"runs {seen}"


def _cells(row: tuple[str, ...]) -> tuple[str, ...]:
    name, seen, version, since, note, *rest = row
    recorded = " ".join(filter(None, (version or "nothing from here", since)))
    return name, seen or "no probe", f"{recorded} ({note})" if note else recorded, *rest


def _held(lock: Lock | None, clock: Clock) -> str:
    if lock is None:
        return ""
    owner = lock.person_at(clock.now())
    until = written(lock.until) if lock.until else ""
    parts = (f"{owner} until {until}: {lock.reason}" if owner else "", lock.deploy)
    return ", and ".join(filter(None, parts))


def _is_planned(deploy: Deploy) -> bool:
    return deploy.state is DeployState.SCHEDULED


def _planned(deploy: Deploy) -> str:
    at = f" at {written(deploy.planned)}" if deploy.planned else ""
    return f"{deploy.id}: {deploy.version}{at}"
