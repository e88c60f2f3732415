"""Where we may write in Teams outlives a restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.storage.database import Database
from bot.storage.references import SqlReferences
from bot.stores import Reference

CHAT = Reference("a:1", "https://smba.example/", "tenant", "28:bot", user="anna")
CHANNEL = Reference("19:c", "https://smba.example/", "tenant", "28:bot", team="19:team")


@pytest.fixture
def references(database: Database) -> SqlReferences:
    return SqlReferences(database)


async def test_a_conversation_is_remembered_as_it_was_last(references: SqlReferences) -> None:
    assert await references.get("a:1") is None
    for reference in (CHAT, CHAT, replace(CHAT, is_blocked=True)):
        await references.put(reference)
        assert await references.get("a:1") == reference


async def test_a_persons_own_chat_is_found(references: SqlReferences) -> None:
    await references.put(CHAT)
    await references.put(CHANNEL)
    assert await references.personal("tenant", "anna") == CHAT
    assert await references.personal("elsewhere", "anna") is None


async def test_nobody_has_no_chat_of_their_own_least_of_all_a_channel(
    references: SqlReferences,
) -> None:
    await references.put(CHANNEL)
    assert await references.personal("tenant", "") is None


async def test_a_team_that_is_gone_takes_its_channels_along(references: SqlReferences) -> None:
    for reference in (CHAT, CHANNEL, replace(CHANNEL, conversation="19:d")):
        await references.put(reference)
    await references.forget("19:team")
    assert [await references.get(name) for name in ("19:c", "19:d")] == [None, None]
    await references.forget("a:1")
    assert await references.get("a:1") is None
