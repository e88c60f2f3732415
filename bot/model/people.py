"""Accounts and the humans behind them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace


class AccountKind(enum.StrEnum):
    """What a platform says an account is; only members may do more than ask for help."""

    MEMBER = "member"
    GUEST = "guest"
    BOT = "bot"
    EXTERNAL = "external"


@dataclass(frozen=True)
class Account:
    """An identity on one platform; several of them may be the same human.

    `tenant` is the Slack team id, the Teams tenant id, or "" on our own doors; `user` is the
    platform's stable id (Slack user id, Teams aadObjectId, person id on our own doors).
    """

    platform: str
    user: str
    tenant: str = ""
    kind: AccountKind = AccountKind.MEMBER

    def key(self) -> Account:
        """Return the account as it is kept and looked up: Entra ids compare without case."""
        if self.platform != "teams":
            return self
        return replace(self, user=self.user.lower(), tenant=self.tenant.lower())


@dataclass(frozen=True)
class Principal:
    """One human (or Wardroom itself), whatever account they speak from."""

    id: str
    name: str
    roles: frozenset[str]
    email: str = ""
