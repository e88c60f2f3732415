"""Brings what was spooled into the log: in order, each record once, and nothing silently lost."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.audit.reading import AUDIT, fetch, read_event, select_rows
from bot.audit.spool.file import SUFFIX, read_open, sync
from bot.audit.spool.lines import Content, Kept, read, written_at
from bot.errors import AuditUnavailable, Conflict
from bot.model import Draft, Kind
from bot.storage.database import sql

if TYPE_CHECKING:
    from bot.audit.spool.spool import SpooledLog
    from bot.ports import Effect, Transaction

_log = logging.getLogger(__name__)

VERB: Final = "spool"
DAMAGED: Final = ".damaged"
MERGED: Final = ".merged"
_SAME: Final = Conflict("this is in the log already")


@dataclass
class Merger:
    """Merges the spool's files whenever the log can be written; first those of dead processes too.

    What is in the log is known from the log itself, so that a kill at any point changes nothing.
    """

    records: SpooledLog
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    _has_strangers: bool = True  # until the folder was looked through once, to its end

    @property
    def trouble(self) -> str:
        """What waits, and what has to be looked at; "" while the spool is empty."""
        spool = self.records.spool
        if spool is None:
            return ""
        found = []
        if spool.waiting:
            what = "1 record waits" if spool.waiting == 1 else f"{spool.waiting} records wait"
            found.append(f"{what} until the log can be written")
        if spool.trouble:
            found.append(spool.trouble)
        aside = sorted(each.name for each in spool.folder.glob(f"*{DAMAGED}"))
        if aside:
            where = f"{', '.join(aside)} in {spool.folder}"
            found.append(f"damaged and not merged: {where}; see docs/operations.md (The spool)")
        return "; ".join(found)

    async def look(self) -> None:
        """Merge what waits; where the log does not take it, leave the rest for the next time."""
        if not self._busy.locked():
            async with self._busy:
                await self._look()

    async def close(self) -> None:
        """Merge what still waits where that is possible, and let go of the files."""
        async with self._busy:
            await self._look()
            if self.records.spool is not None:
                self.records.spool.close()

    async def _look(self) -> None:
        spool = self.records.spool
        if spool is None or (spool.is_empty and not self._has_strangers):
            return
        try:
            for own in await spool.cut():
                await self._merge(own.path, own.read())
                await asyncio.to_thread(_remove, own.path)
                await spool.drop(own)
            if self._has_strangers:
                await self._strangers(spool.folder)
                self._has_strangers = False
        except AuditUnavailable:
            self.records.is_away = True
        except OSError as error:
            spool.trouble = f"the spool in {spool.folder} cannot be read: {error.strerror}"
            _log.error("%s", spool.trouble)
        else:
            self.records.is_away = False

    async def _strangers(self, folder: Path) -> None:
        """Merge what processes left behind that are gone."""
        for path in await asyncio.to_thread(_left, folder, MERGED):
            await asyncio.to_thread(_erase, path)
        for path in await asyncio.to_thread(_left, folder, SUFFIX):
            with _held(path) as descriptor:
                if descriptor is not None:
                    await self._merge(path, read_open(descriptor))
                    await asyncio.to_thread(_remove, path)

    async def _merge(self, path: Path, stored: bytes) -> None:
        content = read(stored)
        name = content.header.spool if content.header else path.name.removesuffix(SUFFIX)
        for kept in content.records:
            await self._append(_late(name, kept), _unless_there(name, kept))
        if content.damage:
            await asyncio.to_thread(_put_aside, path, stored)
            _log.error("a spool is damaged and was kept aside: %s", path)
        if content.records or content.damage:
            await self._append(_closing(name, content, stored), _unless_closed(name))

    async def _append(self, draft: Draft, unless: Effect[None]) -> None:
        with contextlib.suppress(Conflict):
            await self.records.log.append(draft, unless)
        # The log takes records again: whoever comes now need not stand behind what waits.
        self.records.is_away = False


def _late(spool: str, kept: Kept) -> Draft:
    late = {"spool": spool, "n": str(kept.n), "at": written_at(kept), "head": kept.head}
    return replace(kept.draft, late=late)


def _closing(name: str, content: Content, stored: bytes) -> Draft:
    """Return the event that says how many records a spool had, and what was wrong with it."""
    count, header = len(content.records), content.header
    said = f"{count} spooled records are in the log"
    if content.damage:
        said = f"{said}; the rest is damaged and was kept aside: {content.damage}"
    if content.torn:
        said = f"{said}; {content.torn} bytes at its end were never a whole record"
    return Draft(
        kind=Kind.SYSTEM,
        verb=VERB,
        correlation=f"spool-{name}",
        text=f"{said}.",
        error="damaged" if content.damage else "",
        params={
            "spool": name,
            "records": str(count),
            "head": content.records[-1].head if count else "",
            "replica": header.replica if header else "",
            "sha256": hashlib.sha256(stored).hexdigest(),
        },
    )


def _unless_there(spool: str, kept: Kept) -> Effect[None]:
    def effect(tx: Transaction) -> None:
        for late in _lates(tx, kept.draft.correlation):
            if late.get("spool") == spool and late.get("n") == str(kept.n):
                raise _SAME

    return effect


def _unless_closed(spool: str) -> Effect[None]:
    def effect(tx: Transaction) -> None:
        rows = select_rows(sql(tx)).where(AUDIT.c.correlation == f"spool-{spool}")
        if fetch(sql(tx), rows.limit(1)):
            raise _SAME

    return effect


def _lates(tx: Transaction, correlation: str) -> Iterator[dict[str, object]]:
    rows = select_rows(sql(tx)).where(AUDIT.c.correlation == correlation)
    for event in map(read_event, fetch(sql(tx), rows)):
        late = event.data.get("late") if event else None
        if isinstance(late, dict):
            yield late


def _left(folder: Path, suffix: str) -> Sequence[Path]:
    """Return such files in the folder, oldest first: their names begin with the time."""
    return sorted(folder.glob(f"*{suffix}"))


@contextlib.contextmanager
def _held(path: Path) -> Iterator[int | None]:
    """Hold a file that no living process holds; None where one does, or the file is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield descriptor if os.fstat(descriptor).st_nlink else None
    finally:
        os.close(descriptor)


def _put_aside(path: Path, stored: bytes) -> None:
    """Keep a damaged spool under another name, durably, where nobody merges it again."""
    aside = path.with_name(path.name + DAMAGED)
    draft = aside.with_name(f".{aside.name}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(stored)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(aside)
    sync(aside.parent)


def _remove(path: Path) -> None:
    """Delete a file whose records are in the log; from its new name on nobody merges it again."""
    merged = path.with_suffix(MERGED)
    with contextlib.suppress(FileNotFoundError):
        path.replace(merged)
        sync(merged.parent)
        _erase(merged)


def _erase(path: Path) -> None:
    """Overwrite and delete: what was in the clear here is in the log, where it can be redacted."""
    with contextlib.suppress(FileNotFoundError):
        with path.open("r+b") as file:
            file.write(bytes(os.fstat(file.fileno()).st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
