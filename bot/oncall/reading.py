"""Makes rotas of oncall.yaml; every problem is listed at once, each with its path and mend."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from bot import documents
from bot.calendars import Length, Once, Recurring, Rule, Span, clocks, events
from bot.errors import ConfigurationError
from bot.model import Principal
from bot.oncall.document import OnCallFile, OverrideEntry, RotaEntry, ShiftEntry
from bot.oncall.rotas import Plan, Rota, Shift, Step

EPOCH: Final = date(2001, 1, 1)  # what a shift without `from` is counted from; a Monday
MINUTES: Final = 24 * 60


def load(path: Path | None, people: Sequence[Principal]) -> Plan:
    """Return the rotas of a file; `ConfigurationError` lists every problem with its path."""
    if path is None:
        return Plan()
    try:
        found = OnCallFile.model_validate(documents.read(path) or {})
    except ValidationError as error:
        raise documents.refuse(path, documents.sentences(error, OnCallFile)) from None
    problems: list[str] = []
    making = _Making(found, path.resolve().parent, _named(people), problems)
    rotas = {name: making.rota(f"rotas.{name}", entry) for name, entry in found.rotas.items()}
    for number, step in enumerate(found.escalation):
        if step.rota not in found.rotas:
            near = documents.nearest(step.rota, found.rotas)
            problems.append(f"escalation[{number}].rota: there is no rota {step.rota}{near}")
    if problems:
        raise documents.refuse(path, problems)
    steps = [
        Step(one.after, one.rota, one.services, one.environments, one.safety_classes)
        for one in found.escalation
    ]
    return Plan(rotas, sorted(steps, key=lambda step: step.after))


def files(path: Path | None) -> Sequence[Path]:
    """Return the files that a change of the rotas would be in: oncall.yaml and its feeds."""
    if path is None:
        return ()
    try:
        found = OnCallFile.model_validate(documents.read(path) or {})
    except (ValidationError, ConfigurationError):
        return (path,)
    folder = path.resolve().parent
    return (path, *(folder / rota.feed for rota in found.rotas.values() if rota.feed))


def _named(people: Sequence[Principal]) -> Mapping[str, str]:
    """Return whom a calendar may mean by a word: a person's id, name or e-mail address."""
    found: dict[str, str] = {}
    for person in people:
        for word in (person.name, person.email, person.id):
            if word:
                found[word.casefold()] = person.id
    return found


@dataclass(frozen=True)
class _Making:
    """The rotas of one file, in the making."""

    file: OnCallFile
    folder: Path
    named: Mapping[str, str]
    problems: list[str]

    def rota(self, path: str, entry: RotaEntry) -> Rota:
        zone = ZoneInfo(entry.zone or self.file.zone)
        shifts: list[Shift] = []
        for number, shift in enumerate(entry.shifts):
            where = f"{path}.shifts[{number}]"
            self._check(where, (*shift.people, *shift.turns))
            try:
                shifts += _shifts(shift, zone)
            except (ValueError, OverflowError) as error:
                self.problems.append(f"{where}: {error}")
        if entry.feed:
            shifts += self._feed(f"{path}.feed", entry.feed, zone)
        for number, one in enumerate(entry.overrides):
            self._check(f"{path}.overrides[{number}]", one.people)
        overrides = [Shift(one.people, Once(_span(one, zone))) for one in entry.overrides]
        return Rota(tuple(shifts), tuple(overrides))

    def _check(self, path: str, people: Collection[str]) -> None:
        known = set(self.named.values())
        self.problems.extend(
            f"{path}: there is nobody called {person} in the people file"
            f"{documents.nearest(person, known)}"
            for person in people
            if person not in known
        )

    def _feed(self, path: str, name: str, zone: ZoneInfo) -> Iterator[Shift]:
        try:
            found = events.read((self.folder / name).read_text("utf-8"), zone)
        except (OSError, UnicodeDecodeError):
            self.problems.append(f"{path}: {name} cannot be read; put the iCalendar file there")
            return
        except ValueError as error:
            self.problems.append(f"{path}: {name}: {error}")
            return
        for event in found:
            words = [word.strip() for word in event.name.split(",")]
            unknown = [word for word in words if word.casefold() not in self.named]
            if unknown:
                self.problems.append(
                    f"{path}: {name}: its event `{event.name}` is called after nobody in the "
                    "people file; call it after an id, a name or an e-mail address there"
                )
                continue
            yield Shift(tuple(self.named[word.casefold()] for word in words), event.times)


def _shifts(entry: ShiftEntry, zone: ZoneInfo) -> Iterator[Shift]:
    starts = time(entry.starts // 60 % 24, entry.starts % 60)
    begin = entry.from_ or EPOCH
    if not entry.turns:
        rrule = entry.rrule or _weekly(entry)
        rule = Rule.read(rrule, datetime.combine(begin, starts))
        yield Shift(entry.people, Recurring(zone, Length(wall=_length(entry)), rule))
        return
    each = timedelta(days=entry.each)
    every = f"FREQ=DAILY;INTERVAL={entry.each * len(entry.turns)}"
    for number, person in enumerate(entry.turns):
        rule = Rule.read(every, datetime.combine(begin + number * each, starts))
        yield Shift((person,), Recurring(zone, Length(wall=each), rule))


def _weekly(entry: ShiftEntry) -> str:
    return f"FREQ=WEEKLY;BYDAY={','.join(entry.days)}" if entry.days else "FREQ=DAILY"


def _length(entry: ShiftEntry) -> timedelta:
    if entry.lasts is not None:
        return entry.lasts
    ends = MINUTES if entry.ends is None else entry.ends
    if entry.ends is None:
        return timedelta(minutes=MINUTES) if entry.starts == 0 else _until_midnight(entry)
    return timedelta(minutes=ends - entry.starts + (MINUTES if ends <= entry.starts else 0))


def _until_midnight(entry: ShiftEntry) -> timedelta:
    return timedelta(minutes=MINUTES - entry.starts)


def _span(entry: OverrideEntry, zone: ZoneInfo) -> Span:
    if entry.start.tzinfo is not None:
        return Span(entry.start.astimezone(UTC), entry.end.astimezone(UTC))
    return Span(clocks.first(entry.start, zone), clocks.first(entry.end, zone))
