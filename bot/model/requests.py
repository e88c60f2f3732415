"""What waits for a yes, and the yes."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.model.messages import Place

UNKNOWN_AUTHOR: Final = "somebody unknown"
"""Stands in a proposal's fact `authors` for whom the people file does not know."""


class RequestState(enum.StrEnum):
    """A request ends exactly once; everything but APPROVED means not run."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Proposal:
    """What exactly is asked for: immutable values only; approvals bind to its digest.

    `values` holds the command's arguments as strings; `facts` what they were resolved to
    (commit, change, window); `summary` is one line a human approves.
    """

    command: str
    values: Mapping[str, str]
    facts: Mapping[str, str]
    summary: str


@dataclass(frozen=True)
class Approval:
    """One human's yes to one proposal.

    Where it was signed: the name as printed, the moment in UTC, and what the signature means
    (21 CFR 11.50 asks for these three wherever a signature is shown).
    """

    person: str
    roles: tuple[str, ...]
    at: datetime
    signed_name: str = ""
    signed_at: datetime | None = None
    meaning: str = ""

    @property
    def is_signed(self) -> bool:
        """Say whether its person signed in afresh for it."""
        return self.signed_at is not None


@dataclass(frozen=True)
class Request:
    """Something that waits for approval; `digest` is the SHA-256 of the exact proposal."""

    id: str
    proposal: Proposal
    digest: str
    requester: str
    place: Place
    state: RequestState
    created: datetime
    expires: datetime
    needs: tuple[str, ...] = ()
    approvals: tuple[Approval, ...] = ()
    decided_by: str = ""
    decided_at: datetime | None = None
    why: str = ""
    correlation: str = ""
