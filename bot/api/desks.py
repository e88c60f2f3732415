"""What the engine does for commands, as small Protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.api.command import Caller, Command, Done
from bot.model import Account, AuditQuery, Principal, Proposal, Reply, Request


class QueryLanguage(Protocol):
    """Reads an audit query as people type it: words and `person:engineer` qualifiers."""

    def __call__(self, text: str) -> AuditQuery:
        """Return the query; `BadInput` names a qualifier that does not exist."""
        ...


class Approvals(Protocol):
    """Decides requests: N-of-M by policy, never the requester, one human once."""

    async def approve(self, caller: Caller, request_id: str, digest: str) -> Done:
        """Count the caller's yes; `digest` (a prefix) says which proposal they saw."""
        ...

    async def reject(self, caller: Caller, request_id: str, why: str) -> Done:
        """End a request with a no and its reason."""
        ...

    async def cancel(self, caller: Caller, request_id: str) -> Done:
        """Withdraw one's own request."""
        ...

    async def waiting(self, caller: Caller) -> tuple[Sequence[Request], Sequence[Request]]:
        """Return what waits for the caller, and what the caller has asked for."""
        ...


class Manual(Protocol):
    """What the caller can type: help, by role."""

    def allowed(self, principal: Principal) -> Sequence[Command]:
        """Return the commands that policy lets the person ask for."""
        ...

    def find(self, words: str) -> Command | None:
        """Return a command by its name."""
        ...

    def usage(self, command: Command) -> str:
        """Return a command's usage line."""
        ...

    def under(self, verb: str, principal: Principal) -> Sequence[Command]:
        """Return the commands that begin with a word, of those that are allowed."""
        ...

    def suggest(self, words: str, principal: Principal) -> str:
        """Return a did-you-mean among the commands that the person may type, or ""."""
        ...

    def line(self, command: Command, values: Mapping[str, str]) -> str:
        """Return how a command is typed with some recorded values."""
        ...

    def roles(self, principal: Principal) -> Sequence[str]:
        """Return every role a person holds, through the hierarchy too."""
        ...


@dataclass(frozen=True)
class Known:
    """An account of somebody's; `since` and `by` say when and by whom it was linked, if it was."""

    account: Account
    since: datetime | None = None
    by: str = ""


class Linking(Protocol):
    """Joins an account to a person by proof on both sides: a code made here and typed there."""

    def accounts(self, person: str) -> Sequence[Known]:
        """Return a person's accounts, those of the people file first."""
        ...

    async def offer(self, caller: Caller) -> Done:
        """Make a code that joins one more account to the caller; it is said once, privately."""
        ...

    async def redeem(self, caller: Caller, code: str) -> Done:
        """Join the caller's account to the person who made the code."""
        ...

    async def unlink(self, caller: Caller, account: str, person: str, reason: str) -> Done:
        """End a link of the caller's, or as an administrator one of `person`."""
        ...


class AccessReviews(Protocol):
    """Who may do what and who did, since the last review that was signed."""

    async def show(self, caller: Caller, person: Principal | None) -> Reply:
        """Return a line for everybody, or one person's commands."""
        ...

    async def propose_signing(self, caller: Caller, up_to: int, findings: str) -> Proposal:
        """Say which review is signed, by the last event that it showed.

        Refused where it would be of the signer alone.
        """
        ...

    def sign(self, caller: Caller, proposal: Proposal) -> Done:
        """Record that the caller reviewed everybody else's access."""
        ...

    async def propose_countersigning(self, caller: Caller, findings: str) -> Proposal:
        """Say which review is countersigned; refused for its first signer."""
        ...

    def countersign(self, caller: Caller, proposal: Proposal) -> Done:
        """Record that the caller reviewed the first signer's access."""
        ...
