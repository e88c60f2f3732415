"""A site's own commands and integrations: a folder beside ours, held to the same rules.

Such a folder has `commands/` and `integrations/` inside, laid out as ours are. What is in it runs
with all of Wardroom's rights: it is reviewed, and kept from being written to by others, as Wardroom
itself is.
"""

from __future__ import annotations

import ast
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.errors import ConfigurationError
from bot.secret_files import open_to_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

# What a file may import of ours, beside its own siblings; pyproject.toml says the same of our own.
OURS: Final = {"commands": ("bot.api",), "integrations": ("bot.api", "bot.vendors")}
# A command reaches the outside through the ports that it asks for, and not by itself.
NOT_IN_COMMANDS: Final = frozenset(
    {
        "aiohttp",
        "asyncssh",
        "boto3",
        "fastapi",
        "http",
        "httpx",
        "importlib",
        "os",
        "pathlib",
        "requests",
        "shutil",
        "slack_bolt",
        "slack_sdk",
        "socket",
        "sqlalchemy",
        "sqlite3",
        "sqlmodel",
        "starlette",
        "subprocess",
        "sys",
        "urllib",
    }
)
MAY: Final = {package: " and ".join(allowed) for package, allowed in OURS.items()}
HERE: Final = Path(__file__).parent.parent
ROOTS: Final = frozenset(("bot", "commands", "integrations", "sandbox", "tests"))


@dataclass(frozen=True)
class Extension:
    """What one folder adds: the first words of commands, and the names of integrations."""

    folder: Path
    commands: tuple[str, ...]
    integrations: tuple[str, ...]


def use(folders: Sequence[Path], packages: Sequence[ModuleType], *, strict: bool) -> None:
    """Have the packages find what the folders hold; `ConfigurationError` lists all problems."""
    wrong = [one for folder in folders for one in problems(folder, strict=strict)]
    if wrong:
        lines = "".join(f"\n  - {problem}" for problem in wrong)
        raise ConfigurationError(f"extensions: {len(wrong)} to mend{lines}")
    for folder in folders:
        for package in packages:
            place = str(folder / package.__name__)
            if Path(place).is_dir() and place not in package.__path__:
                package.__path__.append(place)
    importlib.invalidate_caches()


def problems(folder: Path, *, strict: bool) -> Sequence[str]:
    """Return a sentence for everything wrong in a folder.

    `strict` also refuses what everybody on the machine may write to.
    """
    return list(_problems(folder, strict=strict))


def look(folder: Path) -> Extension:
    """Return what a folder adds, by its files; nothing is imported."""
    return Extension(folder, _names(folder / "commands"), _names(folder / "integrations"))


def _names(place: Path) -> tuple[str, ...]:
    return tuple(sorted(_name(entry) for entry in _entries(place)))


def _entries(place: Path) -> Iterator[Path]:
    """Yield the modules and packages right in a folder."""
    if not place.is_dir():
        return
    for entry in sorted(place.iterdir()):
        is_package = entry.is_dir() and (entry / "__init__.py").is_file()
        if entry.name.startswith(("_", ".")) or not (is_package or entry.suffix == ".py"):
            continue
        yield entry


def _name(entry: Path) -> str:
    return entry.stem.replace("_", "-") if entry.parent.name == "commands" else entry.stem


def _problems(folder: Path, *, strict: bool) -> Iterator[str]:
    found = look(folder)
    if not (found.commands or found.integrations):
        yield (
            f"{folder}: has neither commands/ nor integrations/ with something in it; "
            "docs/extending.md shows how they are laid out"
        )
    files: list[Path] = [folder]
    for package in OURS:
        ours = _names(HERE / package)
        for entry in _entries(folder / package):
            if _name(entry) in ours:
                yield f"{entry}: Wardroom has `{_name(entry)}` itself; give yours another name"
            own = [entry] if entry.is_file() else sorted(entry.rglob("*.py"))
            for file in own:
                yield from _wrong_in(file, package, entry.stem)
            files += own
    for file in files:
        if strict and open_to_all(file, write=True):
            yield f"{file}: everybody on this machine may write to it; run: chmod o-w {file}"


def _wrong_in(file: Path, package: str, own: str) -> Iterator[str]:
    """Yield what a file imports and may not, and why it cannot be read."""
    try:
        tree = ast.parse(file.read_text("utf-8"), str(file))
    except (SyntaxError, UnicodeDecodeError, ValueError) as error:
        yield f"{file}: is no Python: {error}"
        return
    allowed = tuple(f"{one}." for one in (*OURS[package], f"{package}.{own}"))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        where = f"{file}:{node.lineno}"
        for name in _imported(node):
            top, module = name.partition(".")[0], name.rpartition(".")[0]
            if top in ROOTS and not name.startswith(allowed):
                yield f"{where}: imports {module}; of ours it may import {MAY[package]}"
            elif package == "commands" and top in NOT_IN_COMMANDS:
                yield f"{where}: imports {module}; a command asks for a port, and never reaches out"


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Yield what an import names, with what it takes from there as its last part."""
    if isinstance(node, ast.Import):
        yield from (f"{alias.name}." for alias in node.names)
    elif node.level:
        yield "bot.relative."  # siblings are named whole, so that one sees whose they are
    else:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
