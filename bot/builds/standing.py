"""Keeps the cards of requests that wait true about CI: the build of their commit may go red.

It looks when a CI server has told us something, and at nothing else: what is carried out asks its
gates again in any case.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.dispatch.cards import CI
from bot.errors import AuditUnavailable, Conflict, IntegrationError, StoreFailed
from bot.model import BuildState, Draft, Kind, Request
from bot.moments import written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.model import Build, Reply, Service
    from bot.ports import Catalogue, Ci, Clock, Ledger, Notices, Transaction
    from bot.stores import Requests

VERB: Final = "ci standing"
MOST: Final = 1_000
LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Says on the card of a request how CI stands for its commit, once that is not green."""

    requests: Requests
    estate: Catalogue
    ci: Ci
    ledger: Ledger
    notices: Notices
    clock: Clock
    _told: set[str] = field(default_factory=set)

    def heard(self, source: str) -> None:
        """Take note that a CI server has told us something; `look` goes by it."""
        self._told.add(source)

    async def look(self) -> int:
        """Look at what waits for a commit of a CI server that was heard; return what changed.

        However much is told between two looks, each commit is asked about once.
        """
        told, changed = set(self._told), 0
        if not told:
            return 0
        self._told.clear()
        try:
            for (service, commit), waiting in (await self._waiting(told)).items():
                build = await self._newest(self.estate.service(service), commit)
                if build is not None:
                    changed += sum([await self._say(request, build) for request in waiting])
        except (AuditUnavailable, StoreFailed):
            self._told.update(told)
            LOG.warning("how CI stands is said on requests once the audit log can be written")
        return changed

    async def _waiting(self, told: set[str]) -> Mapping[tuple[str, str], Sequence[Request]]:
        """Return the requests that wait for a commit built by one of these, by service, commit."""
        found = defaultdict[tuple[str, str], list[Request]](list)
        for request in await self.requests.pending(limit=MOST):
            commit = request.proposal.facts.get("commit")
            service = self.estate.service(request.proposal.values.get("service", ""))
            if commit and service and service.ci and service.ci.provider in told:
                found[service.id, commit].append(request)
        return found

    async def _newest(self, service: Service | None, commit: str) -> Build | None:
        if service is None:
            return None
        try:
            return next(iter(await self.ci.builds(service, commit, limit=1)), None)
        except IntegrationError as error:
            LOG.warning("how CI stands cannot be told", service=service.id, why=error.text)
            return None

    async def _say(self, request: Request, build: Build) -> bool:
        shown = await self.notices.current(request.id)
        if shown is None:
            return False
        before = dict(shown.fields).get(CI, BuildState.GREEN.value)
        if before.split()[0] == build.state.value:
            return False
        said = f"{build.state.value} since {written(build.finished or self.clock.now())}"
        now = _with(shown, f"{said} (build {build.id})")

        def keep(tx: Transaction) -> None:
            still = self.requests.still(request.id, self.clock.now())(tx)
            if still.approvals != request.approvals:
                raise Conflict("its card was drawn anew meanwhile")
            self.notices.keep(request.id, now)(tx)

        try:
            await self.ledger.append(_draft(request, build, said), keep)
        except Conflict:
            # Ended, or approved in this moment: where it still waits, the next look says it.
            self._told.add(self._provider(request))
            return False
        await self.notices.tell(request.id)
        return True

    def _provider(self, request: Request) -> str:
        service = self.estate.service(request.proposal.values.get("service", ""))
        return service.ci.provider if service and service.ci else ""


def _with(card: Reply, said: str) -> Reply:
    """Return a request's card with how CI stands, before what it needs."""
    fields = [one for one in card.fields if one[0] != CI]
    names = [name for name, _ in fields]
    at = names.index("Needs") if "Needs" in names else len(fields)
    return replace(card, fields=(*fields[:at], (CI, said), *fields[at:]))


def _draft(request: Request, build: Build, said: str) -> Draft:
    values = request.proposal.values
    return Draft(
        kind=Kind.SYSTEM,
        verb=VERB,
        correlation=request.correlation,
        service=values.get("service", ""),
        environment=values.get("environment", ""),
        request=request.id,
        params={"build": build.id, "commit": request.proposal.facts["commit"]},
        text=f"CI of what {request.id} is about is {said}",
    )
