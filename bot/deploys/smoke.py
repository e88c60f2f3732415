"""The smoke probe: what was deployed has to answer where it was deployed to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.deploys.journal import Journal, changed
from bot.deploys.plan import SMOKE, batches_of, said
from bot.deploys.sight import VERSION
from bot.deploys.stage import FAILED, ON, outcome
from bot.errors import IntegrationError
from bot.model import BatchState, StepState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.deploys.patience import Patience
    from bot.deploys.sight import Sight
    from bot.deploys.stage import Outcome
    from bot.model import Deploy, Probe, Service

NO_PROBE = "No version probe is declared, so nothing was probed."


@dataclass(frozen=True)
class Smoke:
    """Probes one batch until it is well, or its time is over."""

    journal: Journal
    sight: Sight
    patience: Patience

    async def __call__(self, deploy_id: str, number: int) -> Outcome:
        """Probe after the deploy job of the batch."""
        deploy, service = await self.journal.load(deploy_id)
        batch = batches_of(deploy)[number]
        label = said(batch.sites, SMOKE)
        deploy = await self.journal.note(deploy, label, StepState.RUNNING)
        state, text = await self.settled(deploy, service, number)
        good = state is not StepState.FAILED
        batch = replace(batch, state=BatchState.DONE if good else BatchState.FAILED)
        if not good:
            text = f"The smoke probe failed: {text}."
        batches = changed(deploy, number, batch)
        await self.journal.note(deploy, label, state, text, batches=batches)
        return outcome(ON if good else FAILED, text)

    async def settled(self, deploy: Deploy, service: Service, number: int) -> tuple[StepState, str]:
        """Probe a batch until it is well, or its time is over."""
        sites = batches_of(deploy)[number].sites
        return await self.settled_at(deploy, service, sites, deploy.version)

    async def settled_at(
        self, deploy: Deploy, service: Service, sites: Sequence[str], version: str
    ) -> tuple[StepState, str]:
        """Probe some sites until they run a version and are well, or the time is over."""
        waited = 0.0
        while True:
            state, text = await self.probe(deploy, service, sites, version)
            if state is not StepState.FAILED or waited > self.patience.smoke:
                return state, text
            waited += self.patience.poll
            await asyncio.sleep(self.patience.poll)

    async def probe(
        self, deploy: Deploy, service: Service, sites: Sequence[str], version: str
    ) -> tuple[StepState, str]:
        """Look once: done, failed and what is wrong, or skipped where nothing can be probed.

        The version comes first, then all declared probes at once; each that fails is named.
        """
        state, text = await self._version(deploy, service, sites, version)
        if state is StepState.FAILED:
            return state, text
        probes = declared(deploy, service, sites, version)
        findings = await asyncio.gather(*(self.sight.prober.look(probe) for probe in probes))
        looked = list(zip(probes, findings, strict=True))
        bad = [f"{probe.label} {found.detail}" for probe, found in looked if not found.is_passed]
        if bad:
            return StepState.FAILED, "; ".join(bad)
        if not looked:
            return state, text
        good = ", ".join(f"{probe.label} {found.detail}" for probe, found in looked)
        said = f"{good[:1].upper()}{good[1:]}."
        return StepState.DONE, said if state is StepState.SKIPPED else f"{text} {said}"

    async def _version(
        self, deploy: Deploy, service: Service, sites: Sequence[str], version: str
    ) -> tuple[StepState, str]:
        try:
            seen = await self.sight.versions(service, deploy.environment, sites)
        except IntegrationError as error:
            return StepState.FAILED, error.text
        if not seen:
            return StepState.SKIPPED, NO_PROBE
        for site, answered in seen.items():
            if answered != version:
                place = f"{site} answers" if site else "it answers"
                return StepState.FAILED, f"{place} version {answered}"
        place = f"{' and '.join(sites)} in {deploy.environment}" if sites else deploy.environment
        return StepState.DONE, f"{place} answers {version}."


def declared(
    deploy: Deploy, service: Service, sites: Sequence[str], version: str
) -> Sequence[Probe]:
    """Return the smoke probes of an environment, asked about a version.

    One of the kind `version` wants that very version, but while only some sites have it.
    """
    environment = service.environment(deploy.environment)
    probes = [
        one.about(version, deploy.commit) for one in (environment.smoke if environment else ())
    ]
    return [
        replace(one, says=version) if one.kind == VERSION and not one.says and not sites else one
        for one in probes
    ]
