"""A second signature on the newest checkpoint, by a key that is not on this machine (a KMS).

Asked of a command now and then, outside every transaction: nothing waits for it. ADR 8 says what it
is worth.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from bot.audit.note import VerifierKey, cosigned, unverified
from bot.errors import StoreFailed
from bot.storage.database import Database

_log = logging.getLogger(__name__)

_PATIENCE: Final = 30.0  # seconds for the command; a KMS that takes longer is said to be down


@dataclass(frozen=True)
class Notary:
    """The command that has a checkpoint signed, and the public half of the key that signs it.

    The command is given the checkpoint's text on standard input and prints the Ed25519 signature of
    those bytes in base64.
    """

    command: Sequence[str]
    key: VerifierKey

    async def sign(self, message: bytes) -> bytes:
        """Return the signature; ValueError with a sentence where there is none."""
        try:
            running = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            why = (error.strerror or "error").lower()
            raise ValueError(f"{self.command[0]} cannot be started ({why})") from error
        try:
            said, _ = await asyncio.wait_for(running.communicate(message), _PATIENCE)
        except TimeoutError:
            raise ValueError(f"{self.command[0]} did not answer in {_PATIENCE:.0f} s") from None
        finally:
            if running.returncode is None:
                running.kill()
                await running.wait()
        if running.returncode:
            raise ValueError(f"{self.command[0]} ended with code {running.returncode}")
        try:
            return base64.b64decode(said.strip(), validate=True)
        except binascii.Error as error:
            raise ValueError(f"{self.command[0]} printed no base64") from error


class Countersigner:
    """Has the log's newest checkpoint countersigned, at most every so many seconds.

    `trouble` is why the last attempt failed, "" while all is well.
    """

    def __init__(
        self,
        database: Database,
        notary: Notary,
        every: float,
        *,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._notary = notary
        self._every = every
        self._timer = timer
        self._asked: float | None = None
        self.trouble = ""

    async def look(self) -> None:
        """Ask for a signature if it is time and the log grew; what fails is only said."""
        now = self._timer()
        if self._asked is not None and now - self._asked < self._every:
            return
        try:
            note, last = await self._database.read(_notes)
            if not note or (last and unverified(last).size == unverified(note).size):
                return
            self._asked = now
            signature = await self._notary.sign(unverified(note).text.encode())
            both = cosigned(note, self._notary.key, signature)
            await self._database.write(lambda connection: _keep(connection, both))
        except (ValueError, StoreFailed) as error:
            if str(error) != self.trouble:
                _log.warning("the checkpoint was not countersigned: %s", error)
            self.trouble = str(error)
        else:
            self.trouble = ""


def _notes(connection: Connection) -> tuple[str, str]:
    row = connection.execute(text("SELECT checkpoint, countersigned FROM audit_head")).one_or_none()
    return (row[0], row[1]) if row else ("", "")


def _keep(connection: Connection, note: str) -> None:
    statement = text("UPDATE audit_head SET countersigned = :note WHERE size >= :size")
    connection.execute(statement, {"note": note, "size": unverified(note).size})
