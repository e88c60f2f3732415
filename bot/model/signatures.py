"""An approval on its way to being signed."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


class SigningStage(enum.StrEnum):
    """How far a signing has come; it only moves on, and one that was refused stays so."""

    OFFERED = "offered"  # its person has the link
    SENT = "sent"  # and followed it to the sign-in provider
    RETURNED = "returned"  # and came back; nothing of that is believed yet
    PROVED = "proved"  # who they are is proved; what they sign is on their screen
    SIGNED = "signed"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Signing:
    """Whose signature of what is asked for, until when, and how far that has come.

    `link` and `browser` are hashes of secrets that are kept nowhere here. `name` and `meaning` are
    what is printed. `subject` is the account at the sign-in provider, which signed in at
    `signed_in`.
    """

    link: str
    person: str
    name: str
    meaning: str
    request: str
    digest: str
    asked: datetime
    expires: datetime
    correlation: str
    stage: SigningStage = SigningStage.OFFERED
    browser: str = ""
    subject: str = ""
    signed_in: datetime | None = None
