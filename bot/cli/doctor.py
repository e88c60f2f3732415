"""`wardroom doctor`: everything that can be checked before the start, each with its mend."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import httpx

import commands
from bot import __version__, catalogue, directory, freezes, registry, settings
from bot.audit.log import AuditLog
from bot.cli import options
from bot.cli.machine import MachineClock, replica
from bot.dispatch.authorise import Policies
from bot.errors import WardroomError
from bot.settings import Provider, Settings
from bot.storage.database import Database

ROOM_BYTES = 500_000_000
PATIENCE_SECONDS = 5


@dataclass(frozen=True)
class Finding:
    """What one check found; `text` says the mend when it is not well."""

    name: str
    is_well: bool
    text: str


@click.command("doctor", cls=options.Told)
@options.config
def command(config: Path | None) -> None:
    """Check settings, people, services, policies, database and integrations.

    Prints one line per check and the mend of each failure, never a secret; exits 1 when something
    is to mend. It changes nothing.
    """
    is_well = True
    for finding in examine(config):
        mark = "ok  " if finding.is_well else "FAIL"
        click.echo(f"{mark}  {finding.name:<12}  {finding.text}")
        is_well = is_well and finding.is_well
    if not is_well:
        raise click.exceptions.Exit(1)


def examine(config: Path | None) -> Iterator[Finding]:
    """Run every check that makes sense; without settings none of the others does."""
    try:
        known = settings.here(config)
    except WardroomError as error:
        yield Finding("settings", is_well=False, text=str(error))
        return
    yield Finding("settings", is_well=True, text=f"{known.mode} mode, {known.server.address}")
    yield _check("people", lambda: _people(known))
    yield _check("services", lambda: _services(known))
    yield _check("policies", lambda: _policies(known))
    yield _check("calendars", lambda: _calendars(known))
    yield _check("database", lambda: _database(known.database.get_secret_value()))
    for name, provider in known.integrations.items():
        yield _answers(name, provider)


def _check(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, is_well=True, text=look())
    except WardroomError as error:
        return Finding(name, is_well=False, text=str(error))


def _people(known: Settings) -> str:
    found = directory.load(known.people, sandbox=known.is_sandbox)
    return f"{len(found.people())} people"


def _services(known: Settings) -> str:
    found = catalogue.load(known.services, providers=known.integrations)
    return f"{len(found.services())} services, {len(found.environments())} environments"


def _policies(known: Settings) -> str:
    found = Policies(registry.discover(commands).commands, known.policies)
    return f"version {found.version}, {len(known.policies)} files or folders of your own"


def _calendars(known: Settings) -> str:
    found = freezes.load(known.calendars)
    return f"{len(found.freezes)} freezes" if known.calendars else "none; that is fine"


def _database(url: str) -> str:
    database = Database.open(url, create=False) if _exists(url) else None
    if database is None:
        return "there is none yet; the first start makes it"
    try:
        _look_into(database)
        return _room(database.file) if database.file else "PostgreSQL answers"
    finally:
        database.close()


def _exists(url: str) -> bool:
    return not url.startswith("sqlite:") or Path(url.removeprefix("sqlite:///")).exists()


def _look_into(database: Database) -> None:
    """Look whether log and head agree; nothing is written."""

    async def look() -> None:
        log = AuditLog(database, clock=MachineClock(), software=__version__, replica=replica())
        async with log:
            pass

    try:
        asyncio.run(look())
    except WardroomError as error:
        raise WardroomError(f"{error}; if it is new, run: wardroom db upgrade") from error


def _room(file: Path) -> str:
    if not os.access(file, os.W_OK) or not os.access(file.parent, os.W_OK):
        raise WardroomError(f"this user cannot write {file} and its folder; mend their rights")
    free = shutil.disk_usage(file.parent).free
    if free < ROOM_BYTES:
        raise WardroomError(f"only {free // 1_000_000} MB are free beside {file}; make room")
    return f"{file}, {free // 1_000_000_000} GB free"


def _answers(name: str, provider: Provider) -> Finding:
    """Look whether a vendor's address answers at all; nothing is signed in to."""
    try:
        answer = httpx.get(provider.url, timeout=PATIENCE_SECONDS)
    except httpx.HTTPError as error:
        text = f"{provider.url} does not answer ({type(error).__name__}); check address and network"
        return Finding(name, is_well=False, text=text)
    return Finding(name, is_well=True, text=f"{provider.url} answers ({answer.status_code})")
