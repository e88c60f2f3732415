"""Has every replica take the policies that were put in force on one of them.

A replica reads its own files, so it follows once these are the ones that were put in force there:
whole and of that very version. Until then it stays with what it has, and says so loudly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from bot.dispatch.reloading import VERB, said
from bot.errors import AuditUnavailable, StoreFailed
from bot.model import Draft, Kind, Reason

if TYPE_CHECKING:
    from bot.dispatch.authorise.ruleset import Ruleset
    from bot.dispatch.reloading import PolicyKeeper
    from bot.ports import Effect, Ledger
    from bot.stores.reloads import Reloaded, Reloads

LOG = structlog.get_logger(__name__)


@dataclass
class PolicyFollower:
    """Looks at what was put in force last; `again` does what `policy reload` does, unasked."""

    keeper: PolicyKeeper
    reloads: Reloads
    ledger: Ledger
    _seen: int = field(default=0)
    _is_new: bool = field(default=True)

    async def look(self) -> None:
        """Take what another replica has put in force; what cannot be recorded is tried again."""
        try:
            latest = await self.reloads.latest()
            if latest is not None and latest.number != self._seen:
                await self._follow(latest)
            self._is_new = False
        except (AuditUnavailable, StoreFailed):
            LOG.warning("policies of other replicas are taken once the audit log can be written")

    async def again(self) -> None:
        """Put this replica's files in force and have the others follow, as a signal asks for."""
        try:
            found, problems = await self.keeper.read()
            own, latest = self.keeper.policies.version, await self.reloads.latest()
            if found is None or problems:
                why = f"the policy files cannot be put in force: {'; '.join(problems)}"
                await self._refuse(why, is_asked=True)
            elif found.version != own or (latest is not None and latest.version != own):
                await self._put(found, "by a signal", self.reloads.note(found.version))
            else:
                self.keeper.trouble = ""
                LOG.info("the policy files are what is in force", policies=own)
        except (AuditUnavailable, StoreFailed):
            LOG.error("policies stay as they are: the audit log cannot be written")  # noqa: TRY400 - the log says why

    async def _follow(self, latest: Reloaded) -> None:
        own = self.keeper.policies.version
        if latest.version == own:
            self._seen, self.keeper.trouble = latest.number, ""
            return
        found, problems = await self.keeper.read()
        if found is not None and found.version == latest.version and not problems:
            await self._put(found, "as on the replica where that was asked for")
            self._seen = latest.number
        elif self._is_new and found is not None and found.version == own and not problems:
            # It started with files that are newer than what was ever put in force.
            LOG.warning("policies are those of the start", policies=own, reloaded=latest.version)
            self._seen = latest.number
        else:
            why = "; ".join(problems) or f"its files are {found.version if found else 'not there'}"
            await self._refuse(f"policies {latest.version} were put in force elsewhere; here {why}")

    async def _put(self, found: Ruleset, how: str, *effects: Effect[object]) -> None:
        before = self.keeper.policies.version
        text = f"policies {found.version} are in force, {how}: {said(self.keeper.diff(found))}"
        params = {"policies": found.version, "replaces": before}
        draft = Draft(
            kind=Kind.SYSTEM,
            verb=VERB,
            correlation=f"policies-{found.version}",
            params=params,
            text=text,
        )
        await self.ledger.append(draft, *effects)
        self.keeper.put(found)
        LOG.info("other policies are in force", policies=found.version, replaces=before)

    async def _refuse(self, why: str, *, is_asked: bool = False) -> None:
        """Stay with what is in force; recorded and logged once, but whenever it is asked for."""
        own = self.keeper.policies.version
        trouble = f"{why}. In force here: {own}; `policy check` says what to mend"
        if trouble == self.keeper.trouble and not is_asked:
            return
        draft = Draft(
            kind=Kind.SYSTEM,
            verb=VERB,
            correlation=f"policies-{own}",
            params={"policies": own},
            reason=Reason.BAD_INPUT,
            text=trouble,
        )
        await self.ledger.append(draft)
        self.keeper.trouble = trouble
        LOG.error("the policies stay as they are", why=why)
