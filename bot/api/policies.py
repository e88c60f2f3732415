"""The policies, as the commands about them see them."""

from __future__ import annotations

from typing import Protocol

from bot.api.command import Caller, Done
from bot.model import Proposal, Reply


class PolicyExplainer(Protocol):
    """Says which rules let something be done, which do not, and what would satisfy them."""

    async def explain(self, caller: Caller, line: str, who: str, approved_by: str) -> Reply:
        """Return what policy says to a line that `who` would type; nothing is run or opened.

        `who` is a person or a role, "" for the caller; `approved_by` names people whose approval
        is assumed.
        """
        ...


class PolicyFiles(Protocol):
    """The files that policies are made of, and the policies in force."""

    async def check(self) -> Reply:
        """Return what is wrong with the files as they are now, and what reloading would change."""
        ...

    async def propose_reload(self) -> Proposal:
        """Say which policies would be in force; BadInput lists what is wrong with them."""
        ...

    async def reload(self, proposal: Proposal) -> Done:
        """Put exactly the proposed policies in force, once that is recorded."""
        ...
