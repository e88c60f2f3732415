"""Who holds an environment of a service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Lock:
    """One environment that is held: by a person, by a deploy, or by a person's own deploy.

    `person`, `reason`, `since` and `until` say who locked it by hand; `deploy` is the one that
    uses it, for which a living replica answers until `lease`. What is empty does not hold it.
    """

    service: str
    environment: str
    person: str = ""
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None
    deploy: str = ""
    lease: datetime | None = None

    def person_at(self, moment: datetime) -> str:
        """Return whose lock is in force at a moment, "" for nobody's: an expired one is none."""
        return self.person if self.until is not None and self.until > moment else ""
