"""Everything about changes that has to be wired, as one part of control."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from bot.api import Changes
from bot.changes import templates
from bot.changes.desk import ChangeDesk
from bot.changes.icalendar import CalendarFile
from bot.changes.overlaps import OverlapFinder
from bot.changes.templates import Templates
from bot.changes.week import Week
from bot.ports import Catalogue, ChangeTickets, Clock, Directory, Freezes
from bot.ports.control import WorkingDays
from bot.settings import Settings
from bot.stores import DeployStore, Requests, Tasks, TicketReader


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Where changes and what belongs to them are kept."""

    changes: ChangeTickets
    deploys: DeployStore
    requests: Requests
    tasks: Tasks
    tickets: TicketReader


@dataclass(frozen=True, kw_only=True)
class ChangeControl:
    """The desk for commands, and what the gates of a deploy ask."""

    desk: ChangeDesk
    file: CalendarFile
    overlaps: OverlapFinder
    templates: Templates

    @classmethod
    def made(
        cls,
        settings: Settings,
        stored: Stored,
        *,
        estate: Catalogue,
        people: Directory,
        freezes: Freezes,
        days: WorkingDays,
        clock: Clock,
    ) -> Self:
        """Read the templates and wire the rest; `ConfigurationError` names what is wrong there."""
        known = templates.load(settings.templates, [one.id for one in estate.services()])
        overlaps = OverlapFinder(estate, stored.changes, stored.deploys, clock)
        desk = ChangeDesk(
            changes=stored.changes,
            standard=known,
            overlaps=overlaps,
            tasks=stored.tasks,
            deploys=stored.deploys,
            requests=stored.requests,
            tickets=stored.tickets,
            people=people,
            catalogue=estate,
            freezes=freezes,
            days=days,
            clock=clock,
        )
        week = Week(stored.changes, stored.deploys, freezes, estate)
        file = CalendarFile(week, estate, freezes, clock)
        return cls(desk=desk, file=file, overlaps=overlaps, templates=known)

    def provided(self) -> Mapping[type, object]:
        """Return what commands may ask for."""
        return {Changes: self.desk}
