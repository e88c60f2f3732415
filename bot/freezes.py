"""The freeze calendar: one-off freezes from calendars.yaml, each naming its owner and end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, TypeAdapter, ValidationError, model_validator

from bot import documents
from bot.documents import Block
from bot.ports import Freeze

if TYPE_CHECKING:
    from datetime import datetime


class FreezeEntry(Block):
    """One freeze as the file declares it; an empty scope means everything."""

    name: str
    owner: str
    reason: str
    start: AwareDatetime
    end: AwareDatetime
    environments: tuple[str, ...] = ()
    services: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> FreezeEntry:
        if self.end <= self.start:
            raise ValueError("ends before it starts; set end later than start")
        return self


class Calendars(Block):
    """The whole file."""

    freezes: tuple[FreezeEntry, ...] = ()


@dataclass(frozen=True)
class FreezeCalendar:
    """Every freeze that is known; an empty scope means all services or all environments."""

    freezes: tuple[Freeze, ...] = ()

    def active(self, service: str, environment: str, at: datetime) -> Freeze | None:
        """Return the freeze that holds a service's environment at a moment, or None."""
        return next(
            (
                freeze
                for freeze in self.freezes
                if freeze.start <= at < freeze.end
                and (not freeze.services or service in freeze.services)
                and (not freeze.environments or environment in freeze.environments)
            ),
            None,
        )


def load(path: Path | None) -> FreezeCalendar:
    """Return the calendar of a file; `ConfigurationError` lists every problem with its path."""
    if path is None:
        return FreezeCalendar()
    try:
        found = TypeAdapter(Calendars).validate_python(documents.read(path) or {})
    except ValidationError as error:
        raise documents.refuse(path, documents.sentences(error, Calendars)) from None
    return FreezeCalendar(tuple(Freeze(**entry.model_dump()) for entry in found.freezes))
