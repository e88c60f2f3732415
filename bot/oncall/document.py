"""What oncall.yaml says, as it is written there; `bot.oncall.reading` makes rotas of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from bot.calendars.document import Clock, Moment, SpanText, Zone
from bot.documents import Block, matching

LONGEST_TURN = 366
RotaName: TypeAlias = Annotated[
    str, matching(r"[a-z0-9][a-z0-9-]{0,62}", "must be lower-case letters, digits and hyphens")
]
Day: TypeAlias = Annotated[
    Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"],
    BeforeValidator(lambda value: value[:2].upper() if isinstance(value, str) else value),
]
People: TypeAlias = Annotated[tuple[str, ...], Field(min_length=1)]


class ShiftEntry(Block):
    """A shift that recurs: by days of the week or an RRULE, or people who take turns.

    `people` are on call together, the first one to be called first; of `turns` each is for `each`
    days, beginning on `from`.
    """

    people: tuple[str, ...] = ()
    turns: tuple[str, ...] = ()
    days: tuple[Day, ...] = ()
    rrule: str = ""
    starts: Clock = 0
    ends: Clock | None = None
    lasts: SpanText | None = None
    from_: date | None = Field(default=None, alias="from")
    each: int = Field(default=7, ge=1, le=LONGEST_TURN)

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> ShiftEntry:
        if bool(self.people) is bool(self.turns):
            raise ValueError(
                "needs people (who is on call) or turns (who takes turns), one of them"
            )
        if self.ends is not None and self.lasts is not None:
            raise ValueError("has both ends and lasts; keep one of them")
        if self.turns:
            self._check_turns()
        elif self.days and self.rrule:
            raise ValueError("has both days and rrule; keep one of them")
        if self.rrule and self.from_ is None:
            raise ValueError("needs from, the day that its rrule begins with")
        if self.lasts is not None and not timedelta() < self.lasts <= timedelta(days=LONGEST_TURN):
            raise ValueError(f"lasts longer than no time and at most {LONGEST_TURN} days")
        return self

    def _check_turns(self) -> None:
        if self.from_ is None:
            raise ValueError("needs from, the day on which the first one's turn begins")
        if self.days or self.rrule or self.ends is not None or self.lasts is not None:
            raise ValueError("takes turns of `each` days, so days, rrule, ends, lasts do not fit")


class OverrideEntry(Block):
    """Somebody else for once: the shifts do not count meanwhile."""

    people: People
    start: Moment
    end: Moment

    @model_validator(mode="after")
    def _is_forward(self) -> OverrideEntry:
        if (self.start.tzinfo is None) is not (self.end.tzinfo is None):
            raise ValueError("has an offset at one end only; give both or none")
        if self.end <= self.start:
            raise ValueError("ends before it starts; set end later than start")
        return self


class RotaEntry(Block):
    """One rota; `feed` is an iCalendar file whose events are called after who is on call."""

    zone: Zone | None = None
    shifts: tuple[ShiftEntry, ...] = ()
    feed: str = ""
    overrides: tuple[OverrideEntry, ...] = ()

    @model_validator(mode="after")
    def _has_somebody(self) -> RotaEntry:
        if not (self.shifts or self.feed or self.overrides):
            raise ValueError("has nobody on it; give it shifts or a feed")
        return self


class StepEntry(Block):
    """Who is told when a request has waited so long; a part that is not said means all."""

    after: SpanText
    rota: str
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    safety_classes: tuple[Literal["A", "B", "C"], ...] = ()

    @model_validator(mode="after")
    def _is_later(self) -> StepEntry:
        if self.after <= timedelta():
            raise ValueError("tells at once; set after to a time such as 15m")
        return self


class OnCallFile(Block):
    """The whole file."""

    zone: Zone = "UTC"
    rotas: dict[RotaName, RotaEntry] = Field(default_factory=dict)
    escalation: tuple[StepEntry, ...] = ()
