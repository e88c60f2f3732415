"""Who is on call now: the file as it last was whole, and the people as they are; an `OnCall`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import structlog

from bot.errors import ConfigurationError
from bot.model import Principal
from bot.oncall.reading import files, load
from bot.oncall.rotas import Plan
from bot.ports import Directory

LOG = structlog.get_logger(__name__)


class LiveOnCall:
    """The rotas; the file is read again while we run."""

    def __init__(self, path: Path | None, people: Directory) -> None:
        """Read the file; `ConfigurationError` lists every problem."""
        self._path, self._people = path, people
        self._stamp = _stamp(path)
        self.plan: Plan = load(path, people.people())
        self.trouble = ""

    def now(self, rota: str, at: datetime) -> Sequence[str]:
        """Return the people on call for a rota, the first one to call first; empty for nobody."""
        found = self.plan.rotas.get(rota)
        people = found.on_call(at) if found else ()
        return [person for person in people if self._people.person(person) is not None]

    def rotas(self, person: str, at: datetime) -> frozenset[str]:
        """Return the rotas that a person is on call for."""
        return frozenset(name for name in self.plan.rotas if person in self.now(name, at))

    def all(self) -> Sequence[str]:
        """Return the names of all rotas."""
        return sorted(self.plan.rotas)

    def next(self, rota: str, at: datetime) -> tuple[datetime, Sequence[str]] | None:
        """Return when a rota changes next and who is on call then; None where it never does."""
        found = self.plan.rotas.get(rota)
        moment = found.until(at) if found else None
        return None if moment is None else (moment, self.now(rota, moment))

    def read(self, people: Sequence[Principal] | None = None) -> Plan:
        """Return what the file holds now; `ConfigurationError` lists every problem.

        `people` are those that there would be; those that there are unless given.
        """
        return load(self._path, self._people.people() if people is None else people)

    async def look(self) -> None:
        """Read the file again if it changed; a broken one changes nothing, and is said once.

        One that was broken is read again each time: it may have named somebody too early.
        """
        stamp = await asyncio.to_thread(_stamp, self._path)
        if stamp == self._stamp and not self.trouble:
            return
        is_new, self._stamp = stamp != self._stamp, stamp
        try:
            self.plan = await asyncio.to_thread(self.read)
        except ConfigurationError as error:
            if not is_new:
                return
            self.trouble = (
                "the on-call file is broken, so the rotas are those it last held; "
                "`policy check` says what to mend"
            )
            LOG.error("the on-call file is broken, no rota is changed", why=str(error))  # noqa: TRY400 - its text says all there is to say
            return
        self.trouble = ""
        LOG.info("the on-call file was read again", rotas=len(self.plan.rotas))


def _stamp(path: Path | None) -> Mapping[Path, tuple[int, int, int]]:
    """Return what tells one state of the files from another."""
    found: dict[Path, tuple[int, int, int]] = {}
    for file in files(path):
        try:
            stat = file.stat()
        except OSError:
            continue
        found[file] = stat.st_mtime_ns, stat.st_size, stat.st_ino
    return found
