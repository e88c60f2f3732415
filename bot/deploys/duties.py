"""Separation of duties in one deploy, as the policies in force say; implements `Duties`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.dispatch.authorise import about
from bot.errors import IntegrationError
from bot.model import UNKNOWN_AUTHOR
from bot.ports.control import Duty

if TYPE_CHECKING:
    from bot.api import Command
    from bot.deploys.origins import Origins
    from bot.dispatch.authorise import Facts, Policies
    from bot.model import Deploy, Principal
    from bot.ports import Catalogue
    from bot.stores import Requests


@dataclass(frozen=True)
class PolicyDuties:
    """Asks the policies about one person and one deploy.

    To have written something or to have asked for it is no duty that somebody takes on, so nobody
    is refused it here; what follows from it is what the other duties are asked about.
    """

    policies: Policies
    requests: Requests
    origins: Origins
    estate: Catalogue

    async def refusal(self, who: Principal, duty: Duty, deploy: Deploy) -> str:
        """Return the sentence that says why not, or "" where the person may take the duty."""
        if duty in (Duty.AUTHOR, Duty.REQUESTER):
            return ""
        facts, command, asked = await self._facts(deploy), self._command(deploy), deploy.requester
        if duty is Duty.VALIDATOR:
            says = self.policies.may_validate(who, command, facts, requester=asked)
        elif duty is Duty.APPROVER:
            says = self.policies.may_approve(who, command, facts, requester=asked)
        else:
            says = self.policies.may_run(who, command, facts)
            if says.wants_approval:
                return ""  # the deploy has its approvals; this is about the person
        return "" if says.allowed else "; ".join(says.messages)

    async def _facts(self, deploy: Deploy) -> Facts:
        facts = about(self.estate.service(deploy.service), deploy.environment)
        request = await self.requests.show(deploy.request) if deploy.request else None
        approvers = frozenset(one.person for one in request.approvals) if request else frozenset()
        authors = await self._authors(deploy)
        return replace(
            facts,
            rollback=bool(deploy.rollback_of),
            change=bool(deploy.change),
            approvers=approvers,
            authors=authors - {UNKNOWN_AUTHOR},
            unknown_authors=UNKNOWN_AUTHOR in authors,
        )

    async def _authors(self, deploy: Deploy) -> frozenset[str]:
        request = await self.requests.show(deploy.request) if deploy.request else None
        if request is not None and (known := request.proposal.facts.get("authors")):
            return frozenset(known.split(", "))
        service = self.estate.service(deploy.service)
        if service is None:
            return frozenset({UNKNOWN_AUTHOR})
        try:
            return frozenset(await self.origins.authors(service, deploy))
        except IntegrationError:
            return frozenset({UNKNOWN_AUTHOR})

    def _command(self, deploy: Deploy) -> Command:
        return self.policies.command("rollback" if deploy.rollback_of else "deploy")
