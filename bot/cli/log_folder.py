"""The log of a data folder, as the commands of `wardroom audit` open it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot import __version__, settings
from bot.audit.anchors import made
from bot.audit.disclosure.keyring import KeyRing
from bot.audit.disclosure.vault import Vault
from bot.audit.folder import LogFolder, open_log_folder
from bot.audit.keys import KeyFile
from bot.cli.machine import MachineClock, reader, replica


@asynccontextmanager
async def opened(config: Path | None) -> AsyncIterator[LogFolder]:
    """Open the log that the settings name; ConfigurationError where there is none."""
    known = settings.here(config)
    async with open_log_folder(
        known.database.get_secret_value(),
        keys=KeyFile(known.audit.key, known.audit.origin),
        vault=Vault(KeyRing(known.audit.openings)),
        clock=MachineClock(),
        software=__version__,
        replica=replica(),
        reader=reader(),
        index=known.audit.index or None,
        anchors=made(known.audit),
    ) as log:
        yield log
