"""What a script that changes something has to pass, as a deploy has: stop-all, freezes, locks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.api import Wanted
from bot.deploys.gates import Asked, Moment, pass_all
from bot.errors import Refused
from bot.model import Reason

if TYPE_CHECKING:
    from bot.deploys.gates import Gate, Shown
    from bot.ports import Catalogue


@dataclass(frozen=True)
class Passing:
    """Asks the gates about the service and the environment that a script acts on."""

    catalogue: Catalogue
    gates: Sequence[Gate]

    async def __call__(self, service: str, environment: str, person: str, reason: str) -> Shown:
        """Refuse what a gate refuses; return what one found that people want to read."""
        found = self.catalogue.service(service)
        if found is None or found.environment(environment) is None:
            raise Refused(
                Reason.NOT_FOUND,
                f"The estate file has no {environment} of {service} any more; mend scripts.yaml.",
            )
        wanted = Wanted(
            service=found, environment=environment, version="", reason=reason, requester=person
        )
        return await pass_all(self.gates, Asked(wanted, "", Moment.REQUEST))
