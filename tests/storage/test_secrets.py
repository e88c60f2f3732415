"""A token that changes is kept sealed."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from bot.errors import ConfigurationError
from bot.storage.database import Database
from bot.storage.secrets import SealedSecret

CANARY = "xoxe-canary-1234567890"


async def test_the_newest_is_found_again_and_nobody_reads_it_in_the_file(
    database: Database,
) -> None:
    secret = SealedSecret(database, "slack", "a-signing-secret")
    assert await secret.load() is None
    for kept in ("first", CANARY):
        await secret.save(kept)
    assert await SealedSecret(database, "slack", "a-signing-secret").load() == CANARY
    assert await SealedSecret(database, "other", "a-signing-secret").load() is None
    rows = await database.read(lambda tx: tx.execute(text("SELECT * FROM secrets")).all())
    assert CANARY not in str(rows)


async def test_with_another_key_it_is_said_what_to_do(database: Database) -> None:
    await SealedSecret(database, "slack", "a-signing-secret").save(CANARY)
    with pytest.raises(ConfigurationError, match="sealed with another key"):
        await SealedSecret(database, "slack", "another").load()
