"""The files that policies are read from, rule by rule, each with its file and its line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Final

from bot.dispatch.authorise import hierarchy
from bot.dispatch.authorise.hierarchy import Hierarchy
from bot.errors import ConfigurationError

SHIPPED: Final = "shipped policies"
MEND: Final = "mend the Cedar files"


@dataclass(frozen=True)
class Clause:
    """One rule as it is written, and where it begins."""

    file: str
    line: int
    text: str

    @property
    def where(self) -> str:
        """Return the place as an editor takes it."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Sources:
    """Everything that policies are made of, as it was read at one moment."""

    schema: str
    clauses: tuple[Clause, ...]
    hierarchy: Hierarchy
    problems: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """Return what tells these policies from others: a digest of all that they are made of."""
        text = "\n".join(clause.text for clause in self.clauses)
        made = self.schema + text + self.hierarchy.written()
        return hashlib.sha256(made.encode("utf-8", "replace")).hexdigest()[:12]


def read(site: Sequence[Path]) -> Sources:
    """Return the shipped policies and a site's, as the files are now; problems are in it."""
    folder = resources.files("bot.policy")
    own = (folder / "wardroom.cedar").read_text("utf-8")
    clauses = list(clauses_of(SHIPPED, own))
    problems: list[str] = []
    for file in cedar_files(site):
        try:
            clauses += clauses_of(str(file), _text(file))
        except ConfigurationError as error:
            problems.append(str(error))
    roles, wrong = hierarchy.merged(hierarchy.shipped(), list(role_files(site)))
    return Sources(
        schema=(folder / "wardroom.cedarschema").read_text("utf-8"),
        clauses=tuple(clauses),
        hierarchy=roles,
        problems=(*problems, *wrong),
    )


def cedar_files(site: Sequence[Path]) -> Iterator[Path]:
    """Yield a site's Cedar files in their order."""
    for path in site:
        if path.is_dir():
            yield from sorted(path.glob("*.cedar"))
        elif path.name not in hierarchy.FILES:
            yield path


def role_files(site: Sequence[Path]) -> Iterator[Path]:
    """Yield the files of a site's own roles: in its folders, and beside the files it names."""
    seen: set[Path] = set()
    for path in site:
        folder = path if path.is_dir() else path.parent
        for file in (folder / name for name in hierarchy.FILES):
            if file.is_file() and file not in seen:
                seen.add(file)
                yield file


@lru_cache(maxsize=64)  # a text is looked through letter by letter
def clauses_of(file: str, text: str) -> tuple[Clause, ...]:
    """Return the rules of a text: what ends with a semicolon outside of strings and comments."""
    return tuple(_clauses(file, text))


def _clauses(file: str, text: str) -> Iterator[Clause]:
    begin, at, line, first = 0, 0, 1, 0
    while at < len(text):
        char = text[at]
        skip = _past(text, at)
        if skip > at and not char.isspace() and not text.startswith("//", at):
            first = first or line
        if char == ";":
            yield Clause(file, first or line, text[begin : at + 1])
            begin, first = at + 1, 0
        line += text.count("\n", at, skip)
        at = skip
    if first:
        yield Clause(file, first, text[begin:])


def _past(text: str, at: int) -> int:
    """Return where the next piece begins: after a comment, a string, or one character."""
    if text.startswith("//", at):
        end = text.find("\n", at)
        return len(text) if end < 0 else end
    if text[at] != '"':
        return at + 1
    end = at + 1
    while end < len(text) and text[end] != '"':
        end += 2 if text[end] == "\\" else 1
    return min(end + 1, len(text))


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: is not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}; {MEND}") from error
