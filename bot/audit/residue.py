"""What the disk may still have of redacted texts, and the procedure that removes it.

SQLite leaves what it deleted in free pages, in gaps of pages, and in its write-ahead log; so does
PostgreSQL in dead rows. Neither promises anything for copies, snapshots and archived logs.
"""

from __future__ import annotations

import mmap
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import text

from bot.storage.database import Database

_TABLES: Final = ("audit_opening", "requests", "deploys", "changes", "topics", "deliveries")


def clean(database: Database) -> bool:
    """Rewrite what may have dead bytes of redacted texts; nobody can write meanwhile.

    False where a reader kept SQLite's write-ahead log in use: then it is to be done again.

    On SQLite the whole file, which needs as much room again; on PostgreSQL the tables that such
    texts stand in, not the log itself.
    """
    with database.turn, database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        if database.is_sqlite and raw is not None:
            raw.execute("PRAGMA secure_delete = 1")
            raw.execute("VACUUM")
            (busy, *_) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            raw.execute("PRAGMA secure_delete = 0")
            return not busy
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in _TABLES:
            connection.execute(text(f"VACUUM FULL {table}"))
    return True


def where_found(folders: Sequence[Path], texts: Collection[str]) -> list[Path]:
    """Return the files below these folders that have one of the texts in their bytes."""
    wanted = {form for each in texts for form in (each.encode(), each.encode("utf-16-le"))}
    return sorted({file for file in _files(folders) if _has(file, wanted)})


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from (each for each in folder.rglob("*") if each.is_file() and not each.is_symlink())


def _has(file: Path, wanted: Collection[bytes]) -> bool:
    if file.stat().st_size == 0:
        return False
    with file.open("rb") as held, mmap.mmap(held.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        return any(whole.find(each) >= 0 for each in wanted)
