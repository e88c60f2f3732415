"""The checks that a service declares pass before anything is changed.

They are asked anew at every moment that gates are asked, and no answer is used twice: what passed
at the request is shown to whoever approves, and the trigger stands on answers of its own, seconds
old where DEP-04 lets them be ten minutes. What they found, and when, is an event of the log
(`deploy precheck`, a parameter `check.NAME` for each); nothing else keeps it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.deploys.gates import alerts
from bot.deploys.journal import correlation
from bot.dispatch.cards import FOUND
from bot.errors import Refused
from bot.model import Draft, Kind, Reason, Standing
from bot.moments import written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.deploys.gates.gate import Asked, Shown
    from bot.model import Finding, Probe, Service
    from bot.ports import Clock, Ledger, Prober, SecurityAlerts

PRECHECK: Final = "deploy precheck"


@dataclass(frozen=True)
class PreChecks:
    """Asks every declared check at once, each at most 10 s; `builders` tell security alerts.

    They do not stop a rollback: a queue that a bad version has filled must not keep that version
    in. Nor do they stop what is planned for later, before its time has come. Both times they are
    asked, shown and recorded all the same.
    """

    prober: Prober
    ledger: Ledger
    clock: Clock
    builders: SecurityAlerts | None = None

    async def __call__(self, asked: Asked) -> Shown | None:
        """Refuse unless all pass; return what they found."""
        wanted = asked.wanted
        target = wanted.service.environment(wanted.environment)
        if target is None or not target.prechecks:
            return None
        probes = [one.about(wanted.version, asked.commit) for one in target.prechecks]
        findings = await asyncio.gather(*(self._look(probe, wanted.service) for probe in probes))
        now = self.clock.now()
        looked = list(zip(probes, findings, strict=True))
        bad = [f"{probe.label} {found.detail}" for probe, found in looked if not found.is_passed]
        await self.ledger.append(_draft(asked, looked, now))
        if bad and not wanted.rollback_of and asked.when is None:
            raise Refused(
                Reason.PRECHECK_FAILED,
                f"Not ready for {wanted.service.id} {wanted.version} in {wanted.environment}: "
                f"{'; '.join(bad)}. Mend that and ask again.",
            )
        return ((FOUND, "; ".join([*map(_said, looked), f"looked {_at(now)}"])),)

    async def _look(self, probe: Probe, service: Service) -> Finding:
        if probe.is_of_builder:
            return await alerts.look(self.builders, service, probe)
        return await self.prober.look(probe)


def _draft(asked: Asked, looked: Sequence[tuple[Probe, Finding]], now: datetime) -> Draft:
    wanted, deploy = asked.wanted, asked.deploy
    passed = all(found.is_passed for _, found in looked)
    results = {f"check.{p.label}": f"{f.standing.value}: {f.detail}" for p, f in looked}
    return Draft(
        kind=Kind.SYSTEM,
        verb=PRECHECK,
        correlation=correlation(deploy) if deploy else wanted.correlation,
        person=deploy.requester if deploy else wanted.requester,
        service=wanted.service.id,
        environment=wanted.environment,
        request=deploy.request if deploy else wanted.request,
        deploy=deploy.id if deploy else "",
        change=deploy.change if deploy else wanted.change,
        params={
            "version": wanted.version,
            "commit": asked.commit,
            "moment": asked.moment.value,
            "at": now.isoformat(),
            **results,
        },
        reason=Reason.OK if passed else Reason.PRECHECK_FAILED,
        text="; ".join(map(_said, looked)),
    )


def _said(looked: tuple[Probe, Finding]) -> str:
    probe, found = looked
    marks = {Standing.PASSED: "", Standing.FAILED: "FAILED, ", Standing.UNKNOWN: "not known, "}
    return f"{probe.label}: {marks[found.standing]}{found.detail}"


def _at(now: datetime) -> str:
    return f"at {written(now)}"
