"""Events and queries at random, from few words, so that most queries find something."""

from __future__ import annotations

import random
from typing import Any

from bot.model import AuditQuery, Draft, Kind, Reason
from tests.audit.events import draft

WORDS = (
    *("Deploy", "deployment", "redeploy", "timeout", "TIMEOUTS", "time", "out", "access", "denied"),
    *("ÄRZTE", "ärztin", "\u017f", "k", "\u212a", "İ", "λβ", "🚑", "lab-results", "results", "lab"),
    *("INC12345", "INC1234", "REQ-1", "REQ-12", "REQ-120", "1.4.2", "1.4.20", "03:10", "10.0.0.17"),
    *("100%", "a_b", '"x"', "\\", "ok", "=1+1", "x1y2z3", "ab1cdef2", "1abc2", "9", "42", "*", "-"),
    *("x" * 41, "x" * 40, "naïve", "a\x00b", "ct", "c:\\temp", "OR", "NOT", "near(a b)"),
)
PERSONS = ("a", "b", "dr. house", "Ärztin-1")
SERVICES = ("lab-results", "lab", "portal", 'a "quoted" \\ name %', "s" * 100)


class Chance:
    """Chooses, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._choose = random.Random(seed)  # noqa: S311 - chooses test data

    def text(self, most: int = 5) -> str:
        words = self._choose.choices(WORDS, k=self._choose.randint(0, most))
        return self._choose.choice((" ", " ", "", ", ")).join(words)

    def one(self, *values: Any) -> Any:
        return self._choose.choice(values)

    def event(self) -> Draft:
        return draft(
            text=self.text(),
            error=self.text(1),
            person=self.one("", *PERSONS),
            service=self.one("", *SERVICES),
            environment=self.one("", "test", "production"),
            verb=self.one("deploy", "ci run"),
            kind=self.one(*Kind),
            request=self.one("", "", "REQ-1", "REQ-12"),
            reason=self.one(None, *Reason),
            correlation=f"c-{self._choose.getrandbits(32):08x}",
            params={"why": self.text(2)},
        )

    def query(self) -> AuditQuery:
        some = self._choose.random
        return AuditQuery(
            words=tuple(self._word() for _ in range(self.one(0, 1, 1, 2, 3))),
            prefixes=tuple(self._word() for _ in range(self.one(0, 0, 0, 1))),
            without=tuple(self._word() for _ in range(self.one(0, 0, 0, 1))),
            unlike=(("person", "a"),) if some() < 0.1 else (),
            person=self.one(*PERSONS) if some() < 0.2 else "",
            service=self.one(*SERVICES) if some() < 0.2 else "",
            environment="production" if some() < 0.1 else "",
            verb="ci run" if some() < 0.1 else "",
            kind=self.one(*Kind) if some() < 0.1 else "",
            request="REQ-1" if some() < 0.05 else "",
            reason=self.one(*Reason) if some() < 0.1 else "",
            limit=self._choose.randint(10, 60),
        )

    def _word(self) -> str:
        """A piece of what may stand in an event, or of what may not."""
        whole = self.text(2) or self.one(*WORDS)
        start = self._choose.randrange(len(whole))
        return whole[start : start + self._choose.randint(1, 12)].swapcase()
