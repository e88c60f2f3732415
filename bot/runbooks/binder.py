"""All runbooks as printed pages in one folder, for the day on which there is no server.

Each page is replaced at once: whoever opens the folder meanwhile sees the old page or the new one.
`CONTENTS.txt` says what is in the folder. Only what it names is ever removed, so that a folder
which holds other files too keeps them.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from bot.moments import written
from bot.runbooks.page import page
from bot.runbooks.shelf import Shelf, Volume

CONTENTS: Final = "CONTENTS.txt"
_PAGE: Final = re.compile(r"^([a-z0-9][a-z0-9-]*\.txt)(?:  |$)")


@dataclass(frozen=True)
class Bound:
    """What was written; `kept` are the runbooks whose file cannot be read: their old page stays."""

    pages: int
    removed: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return it as a sentence."""
        text = f"{self.pages} pages"
        if self.removed:
            text += f", removed {', '.join(self.removed)}"
        if self.kept:
            text += f", as before because the runbook cannot be read: {', '.join(self.kept)}"
        return text


def bind(shelf: Shelf, folder: Path, now: datetime) -> Bound:
    """Write every page and the contents, and remove the pages of what is no more.

    Raises `OSError` where the folder cannot be written; the pages that are there stay then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    volumes = list(shelf.all().values())
    before = _before(folder)
    for volume in volumes:
        if volume.book is not None:
            _put(folder / f"{volume.name}.txt", page(volume.book, volume.digest))
    _put(folder / CONTENTS, "\n".join(_contents(volumes, now)) + "\n")
    gone = sorted(before - {f"{volume.name}.txt" for volume in volumes})
    for name in gone:
        with suppress(FileNotFoundError):
            (folder / name).unlink()
    broken = tuple(volume.name for volume in volumes if volume.book is None)
    removed = tuple(name.removesuffix(".txt") for name in gone)
    return Bound(len(volumes) - len(broken), removed, broken)


def _before(folder: Path) -> set[str]:
    """Return the pages that the contents of last time name."""
    try:
        lines = (folder / CONTENTS).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return set()
    return {found[1] for line in lines if (found := _PAGE.match(line))}


def _contents(volumes: Sequence[Volume], now: datetime) -> Iterator[str]:
    yield f"RUNBOOKS, as they were on {written(now)}"
    yield ""
    for volume in volumes:
        book = volume.book
        if book is None:
            yield f"{volume.name}.txt  CANNOT BE READ NOW; the page is as it was before, if it is"
            continue
        stale = " STALE" if book.is_stale(now.date()) else ""
        line = f"{volume.name}.txt  {book.title} (severity {book.severity}, {book.owner}, "
        yield f"{line}reviewed until {book.review_by}{stale})"


def _put(file: Path, text: str) -> None:
    """Replace a file at once; others than its owner may read it, as paper may be."""
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as part:
            part.write(text)
            part.flush()
            os.fsync(part.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
