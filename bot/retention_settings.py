"""How long the audit log keeps what was recorded: the block `audit.retention` of the settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from pydantic import BeforeValidator, Field, field_validator, model_validator

from bot.documents import Block
from bot.model import Kind

NEVER: Final = "never"
ALWAYS_KEPT: Final = frozenset({Kind.KEY, Kind.PRUNE})
"""What verifying needs however old it is: which key signed, and what was pruned."""

_WRITTEN: Final = re.compile(
    r"(?:([0-9]{1,3}) years?)?(?:(?:,? and |, | \+ | )?([0-9]{1,5}) days?)?"
)
_FEBRUARY, _LEAP_DAY = 2, 29
_FIRST_YEAR: Final = 1970


@dataclass(frozen=True)
class Period:
    """Calendar years and days, as people count them: from 2026-11-22 six years go to 2032-11-22."""

    years: int
    days: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read `6 years 30 days`; ValueError."""
        found = _WRITTEN.fullmatch(" ".join(text.split()))
        if not text.strip() or found is None:
            raise ValueError(f"must be like `6 years 30 days`, or `{NEVER}`")
        return cls(int(found[1] or 0), int(found[2] or 0))

    def before(self, now: datetime) -> datetime:
        """Return the moment before which everything is older than this; in doubt a day earlier."""
        at = now - timedelta(days=self.days)
        if at.year - self.years < _FIRST_YEAR:
            return at.replace(year=_FIRST_YEAR, month=1, day=1)
        is_leap_day = (at.month, at.day) == (_FEBRUARY, _LEAP_DAY)
        return at.replace(year=at.year - self.years, day=28 if is_leap_day else at.day)

    @property
    def least_days(self) -> int:
        """Return how many days it has at least."""
        return self.years * 365 + self.years // 4 + self.days

    def __str__(self) -> str:
        parts = [(self.years, "year"), (self.days, "day")]
        said = [f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in parts if number]
        return " ".join(said) or "0 days"


SIX_YEARS: Final = Period(6, 30)
"""What 45 CFR 164.316(b)(2)(i) asks for, and a month in which somebody may still object."""


def _period(value: object) -> object:
    if value is None or isinstance(value, Period):
        return value
    if value == NEVER:
        return None
    return Period.parse(str(value))


Keeping: TypeAlias = Annotated[Period | None, BeforeValidator(_period)]
"""After how long; None for never."""


class Retention(Block):
    """After how long events are pruned, by kind where one differs, and where the archives go."""

    prune_after: Keeping = SIX_YEARS
    kinds: dict[Kind, Keeping] = Field(default_factory=dict)
    shorter_because: str = ""
    archive: Path | None = None
    nightly: bool = True

    @field_validator("kinds")
    @classmethod
    def _not_what_verifying_needs(
        cls, value: dict[Kind, Period | None]
    ) -> dict[Kind, Period | None]:
        for kind in ALWAYS_KEPT & set(value):
            raise ValueError(f"{kind.value} is never pruned: verifying needs it; leave it out")
        return value

    @model_validator(mode="after")
    def _shorter_only_with_a_reason(self) -> Retention:
        for period in filter(None, (self.prune_after, *self.kinds.values())):
            if period.least_days < SIX_YEARS.least_days and not self.shorter_because.strip():
                raise ValueError(
                    f"{period} is shorter than {SIX_YEARS}; keep at least that, or say in "
                    "shorter_because why less is right here"
                )
        return self

    def of(self, kind: str) -> Period | None:
        """Return after how long events of a kind are pruned; None for never."""
        if kind in ALWAYS_KEPT:
            return None
        return next((self.kinds[each] for each in self.kinds if each == kind), self.prune_after)

    @property
    def periods(self) -> list[Period]:
        """Return every period there is."""
        return list(filter(None, (self.prune_after, *self.kinds.values())))

    def __str__(self) -> str:
        """Return the rules in a line, for the record."""
        named = [
            ("", self.prune_after),
            *((f"{kind.value} ", self.kinds[kind]) for kind in self.kinds),
        ]
        said = ", ".join(f"{name}{period or NEVER}" for name, period in named)
        return f"{said}; shorter because {self.shorter_because}" if self.shorter_because else said

    def placed(self, folder: Path, database: Path | None) -> Retention:
        """Return the same with its folder absolute: beside a database in a file unless set."""
        archive = folder / self.archive if self.archive else database and database / "archives"
        return self.model_copy(update={"archive": archive})
