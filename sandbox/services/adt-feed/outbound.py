"""The feed's queue on disk: in order, and nothing leaves it before it was acknowledged."""

from __future__ import annotations

import sqlite3
from pathlib import Path

FULL = 10_000


class Outbound:
    """A queue that survives a restart; refused messages are set aside for a human."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS message"
            " (id INTEGER PRIMARY KEY, body TEXT NOT NULL, refused TEXT)"
        )

    def put(self, body: str) -> bool:
        """Add a message at the end; False when the queue is full."""
        if self.depth() >= FULL:
            return False
        self._db.execute("INSERT INTO message (body) VALUES (?)", (body,))
        return True

    def next(self) -> tuple[int, str] | None:
        """Return the oldest message that waits, and leave it there."""
        row = self._db.execute(
            "SELECT id, body FROM message WHERE refused IS NULL ORDER BY id LIMIT 1"
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def sent(self, number: int) -> None:
        """Forget a message that the receiver has taken."""
        self._db.execute("DELETE FROM message WHERE id = ?", (number,))

    def refuse(self, number: int, code: str) -> None:
        """Set a message aside: sending it again would only be refused again."""
        self._db.execute("UPDATE message SET refused = ? WHERE id = ?", (code, number))

    def depth(self) -> int:
        """Return how many messages wait."""
        return self._count("SELECT count(*) FROM message WHERE refused IS NULL")

    def refused(self) -> int:
        """Return how many messages were set aside."""
        return self._count("SELECT count(*) FROM message WHERE refused IS NOT NULL")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _count(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])
