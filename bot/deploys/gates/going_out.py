"""What goes out is what was approved: it is shown, and at the trigger it begins where it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.deploys.gates.gate import Moment
from bot.deploys.outgoing import LABEL
from bot.errors import Refused
from bot.model import Reason

if TYPE_CHECKING:
    from bot.deploys.gates.gate import Asked, Shown
    from bot.deploys.origins import Origins
    from bot.model import Deploy
    from bot.stores import Requests


@dataclass(frozen=True)
class GoingOut:
    """Asks for the commits since what runs there.

    Who wrote them was bound to the approvals; where something else runs there by now, others may
    have written what goes out, so it is asked for again. A list that cannot be read stops nothing.
    """

    origins: Origins
    requests: Requests

    async def __call__(self, asked: Asked) -> Shown:
        """Return the list; refuse at the trigger where it begins elsewhere than approved."""
        wanted = asked.wanted
        if asked.moment is Moment.TRIGGER:
            if asked.deploy is not None:
                await self._is_as_approved(asked.deploy)
            return ()
        service, environment = wanted.service, wanted.environment
        going = await self.origins.outgoing(service, environment, asked.commit)
        return ((LABEL, self.origins.described(going)),)

    async def _is_as_approved(self, deploy: Deploy) -> None:
        # A rollback ends what it undoes before its own trigger; what it brings ran there before.
        request = await self.requests.show(deploy.request) if deploy.request else None
        if request is None or deploy.rollback_of or "commits" not in request.proposal.facts:
            return
        now = await self.origins.runs(deploy.service, deploy.environment)
        before = request.proposal.facts.get("since", "")
        if (now.commit if now else "") != before:
            raise Refused(
                Reason.SUPERSEDED,
                f"{now.version if now else 'Nothing known'} runs there now, which did not when "
                f"{request.id} was approved, so other commits go out than were approved. "
                "Ask again.",
            )
