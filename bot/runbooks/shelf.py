"""The runbooks that there are: those that come with Wardroom, and the folders of a site.

They are read when they are asked for: an edit counts at once. A file that cannot be understood is
on the shelf with what there is to mend in it, and takes no other one along: it is refused by itself
and not with the whole start, because it may be night when somebody needs the one beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot import documents
from bot.errors import ConfigurationError
from bot.runbooks.document import Runbook, understand

SHIPPED: Final = Path(__file__).parent.parent.parent / "runbooks"
_SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True)
class Volume:
    """One file: what it says, the text itself and its SHA-256; or what there is to mend."""

    name: str
    file: Path
    text: str
    digest: str
    book: Runbook | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shelf:
    """The runbooks of some folders; a later folder's file stands for an earlier one's."""

    folders: Sequence[Path] = (SHIPPED,)

    def all(self) -> Mapping[str, Volume]:
        """Return every runbook by its name."""
        files = {file.stem: file for folder in self.folders for file in _files(folder)}
        return {name: volume(files[name]) for name in sorted(files)}

    def get(self, name: str) -> Volume | None:
        """Return one runbook; no other file is read."""
        found = [file for folder in self.folders for file in _files(folder) if file.stem == name]
        return volume(found[-1]) if found else None

    def near(self, name: str) -> str:
        """Return a did-you-mean, or what there is."""
        names = {file.stem for folder in self.folders for file in _files(folder)}
        return documents.nearest(name, names)


def volume(file: Path) -> Volume:
    """Return one file, whatever is in it."""
    try:
        document, text = documents.read_with_text(file)
    except ConfigurationError as error:
        said = str(error).removeprefix(f"{file}").lstrip(": ")
        return Volume(file.stem, file, "", "", None, (said,))
    digest = hashlib.sha256(text.encode()).hexdigest()
    read = understand(document)
    problems = list(read.problems)
    if read.book is not None and read.book.name != file.stem:
        problems.append(f"name: the file is called {file.name}; give both one name")
    book = None if problems else read.book
    return Volume(file.stem, file, text, digest, book, tuple(problems))


def _files(folder: Path) -> Sequence[Path]:
    if folder.is_file():
        return [folder]
    return sorted(file for file in folder.glob("*") if file.suffix in _SUFFIXES)
