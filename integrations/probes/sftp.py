"""Looks at how old the files in a folder of an SFTP server are; their names are never said.

A drop is unwell in two ways: nothing new comes (the newest is too old), or nobody fetches what
came (the oldest is).
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import asyncssh

from bot.api import Finding, Standing
from integrations.probes import ssh
from integrations.probes.wire import Unwell

if TYPE_CHECKING:
    from datetime import datetime

    from bot.api import Endpoint, Login

MOST_ENTRIES: Final = 20_000
FILES: Final = (asyncssh.FILEXFER_TYPE_REGULAR, asyncssh.FILEXFER_TYPE_UNKNOWN)
SECONDS: Final = 60
MINUTES: Final = 60
HOURS: Final = 24


@dataclass(frozen=True)
class Drop:
    """How many files there are, and how old the newest and the oldest is, in seconds."""

    files: int
    newest: int = 0
    oldest: int = 0


async def sftp(endpoint: Endpoint, now: datetime, login: Login) -> Finding:
    """Sign in, read the folder's list, and judge the ages."""
    async with ssh.connected(endpoint, login) as connection:
        try:
            async with connection.start_sftp_client(path_errors="surrogateescape") as client:
                found = await _found(client, endpoint, round(now.timestamp()))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as error:
            raise Unwell("has no such folder", "folder") from error
        except asyncssh.SFTPPermissionDenied as error:
            raise Unwell("does not let the account see that folder", "permission") from error
        except asyncssh.SFTPError as error:
            raise Unwell("cannot list that folder", "folder") from error
    return judged(found, endpoint)


async def _found(client: asyncssh.SFTPClient, endpoint: Endpoint, now: int) -> Drop:
    times: list[int] = []
    entries = 0
    async for entry in client.scandir(endpoint.path):
        entries += 1
        if entries > MOST_ENTRIES:
            text = f"has more than {MOST_ENTRIES} entries in that folder"
            raise Unwell(text, "too_many")
        if is_meant(str(entry.filename), entry.attrs.type, endpoint.files):
            if entry.attrs.mtime is None:
                raise Unwell("tells no times of its files", "no_times")
            times.append(entry.attrs.mtime)
    if not times:
        return Drop(0)
    # The server's clock may be a little ahead of ours.
    return Drop(len(times), max(0, now - max(times)), max(0, now - min(times)))


def is_meant(name: str, kind: int, pattern: str) -> bool:
    """Say whether an entry is one of the files that are asked about; some servers tell no kind."""
    return kind in FILES and name not in (".", "..") and fnmatch.fnmatchcase(name, pattern)


def judged(found: Drop, endpoint: Endpoint) -> Finding:
    """Judge the ages by the bounds; without files there is none, which only `newest` minds."""
    figures = {"files": str(found.files)}
    text = "has no such file"
    if found.files:
        figures |= {"newest_seconds": str(found.newest), "oldest_seconds": str(found.oldest)}
        text = (
            f"has {found.files} files, the newest {_age(found.newest)} and the oldest "
            f"{_age(found.oldest)} old"
        )
    newest, oldest = endpoint.newest_minutes, endpoint.oldest_minutes
    if newest and (not found.files or found.newest > newest * SECONDS):
        figures["why"] = "stale"
        text = f"{text}; one in {newest} min is expected"
    elif oldest and found.oldest > oldest * SECONDS:
        figures["why"] = "stuck"
        text = f"{text}; none may lie longer than {oldest} min"
    else:
        return Finding(Standing.PASSED, text, str(found.files), figures)
    return Finding(Standing.FAILED, text, str(found.files), figures)


def _age(seconds: int) -> str:
    minutes = seconds // SECONDS
    if minutes < 1:
        return f"{seconds} s"
    if minutes < MINUTES:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, MINUTES)
    return f"{hours} h {minutes} min" if hours < HOURS else f"{hours // HOURS} d {hours % HOURS} h"
