"""What the tests of durable work share: a body, and a look into the library's tables."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, MetaData, Table

from bot.model import Json
from bot.ports import Steps

LONG = 30.0  # how long a test waits for what comes at once


class Diary:
    """A body of one step, which notes what it was run for."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    async def body(self, steps: Steps, key: str) -> None:
        async def write() -> Mapping[str, Json]:
            self.entries.append(key)
            return {}

        await steps.run("write", write)


async def nothing() -> Mapping[str, Json]:
    return {}


def theirs(connection: Connection, name: str) -> Table:
    """A table of the library's."""
    schema = None if connection.dialect.name == "sqlite" else "dbos"
    return Table(name, MetaData(), schema=schema, autoload_with=connection)
