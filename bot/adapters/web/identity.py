"""Who somebody is, proved at a sign-in provider: what the signing pages ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Attempt:
    """The three values that tie a sign-in to one browser; each is a secret of that browser."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Identity:
    """An account that signed in; `signed_in` is None where the provider does not say when."""

    subject: str
    signed_in: datetime | None


class SignInFailed(Exception):
    """No identity came of it: `why` is for the person, `error` is the word for the record.

    `is_silent` says that the provider could not be asked.
    """

    def __init__(self, why: str, error: str, *, is_silent: bool = False) -> None:
        super().__init__(error)
        self.why, self.error, self.is_silent = why, error, is_silent


class SignIn(Protocol):
    """A provider at which people sign in afresh."""

    async def address(self, attempt: Attempt) -> str:
        """Return where to send the browser; `SignInFailed` where that can not be known now."""
        ...

    async def identity(self, attempt: Attempt, code: str, issuer: str) -> Identity:
        """Return whom a code is of; `issuer` is who the browser says that it comes from, or ""."""
        ...
