"""Secrets that change while we run, sealed before they are stored."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import select

from bot.errors import ConfigurationError
from bot.storage.database import Database
from bot.storage.inserts import insert_into
from bot.storage.tables import SECRETS

if TYPE_CHECKING:
    from sqlalchemy import Connection


class SealedSecret:
    """One secret text under a name, readable only with `key`, which is in the settings.

    Relies on Fernet: authenticated encryption, so a changed or foreign text is noticed.
    """

    def __init__(self, database: Database, name: str, key: str) -> None:
        self._database, self._name = database, name
        derived = hashlib.scrypt(key.encode(), salt=name.encode(), n=2**14, r=8, p=1, dklen=32)
        self._seal = Fernet(base64.urlsafe_b64encode(derived))

    async def load(self) -> str | None:
        """Return what was saved last, or None; ConfigurationError where the key is another one."""
        query = select(SECRETS.c.sealed).where(SECRETS.c.name == self._name)
        sealed = await self._database.read(lambda tx: tx.execute(query).scalar())
        if sealed is None:
            return None
        try:
            return self._seal.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise ConfigurationError(
                f"{self._name}: what is stored was sealed with another key; if that key was "
                "changed, put a fresh token into the settings and delete the row"
            ) from None

    async def save(self, kept: str) -> None:
        """Keep this instead of what was kept before."""
        sealed = self._seal.encrypt(kept.encode()).decode()

        def write(connection: Connection) -> None:
            insert = insert_into(connection, SECRETS).values(name=self._name, sealed=sealed)
            newer = insert.on_conflict_do_update(index_elements=["name"], set_={"sealed": sealed})
            connection.execute(newer)

        await self._database.write(write)
