"""What the library keeps in the database, and that it keeps to itself."""

from __future__ import annotations

import base64
import pickle
import socket
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from bot.ports import Transaction
from bot.storage.database import Database
from tests.storage.test_migrations import check
from tests.workflow.bodies import LONG, Diary, theirs
from tests.workflow.conftest import Launch


class Mine:
    """Touches a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.file,)


async def test_a_pickle_in_the_database_is_never_opened(
    database: Database, launch: Launch, tmp_path: Path
) -> None:
    diary = Diary()
    engine = await launch({"diary": diary.body})
    mine = base64.b64encode(pickle.dumps(Mine(tmp_path / "mine"))).decode()

    def plant(tx: Transaction) -> None:
        engine.start("diary", "a")(tx)
        assert isinstance(tx, Connection)
        tx.execute(update(theirs(tx, "workflow_status")).values(serialization="py_pickle"))
        tx.execute(update(theirs(tx, "workflow_input")).values(inputs=mine))

    await database.write(plant)
    assert await engine.wait("diary", "a", seconds=LONG)
    assert [failure.key for failure in await engine.failed()] == ["a"]
    assert not (tmp_path / "mine").exists()
    assert diary.entries == []


async def test_what_is_kept_is_plain_json(database: Database, launch: Launch) -> None:
    engine = await launch({"diary": Diary().body})
    await database.write(engine.start("diary", "DEP-1"))
    assert await engine.wait("diary", "DEP-1", seconds=LONG)

    def kept(connection: Connection) -> set[object]:
        columns = [
            theirs(connection, "workflow_status").c.serialization,
            theirs(connection, "operation_outputs").c.serialization,
            theirs(connection, "workflow_input").c.inputs,
            theirs(connection, "operation_outputs").c.output,
        ]
        return {value for column in columns for value in connection.scalars(select(column))}

    inputs = '{"namedArgs":{},"positionalArgs":["DEP-1"]}'
    assert await database.read(kept) == {"portable_json", inputs, '{"value":{}}'}


async def test_migrations_do_not_see_the_librarys_tables(
    database: Database, launch: Launch
) -> None:
    await launch()
    database.upgrade()
    assert "No new upgrade operations" in await database.read(check)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nothing_is_sent_to_anybody(
    database: Database, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _self, address: reached.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: reached.append(address))
    engine = await launch({"diary": Diary().body})
    await database.write(engine.start("diary", "a"))
    assert await engine.wait("diary", "a", seconds=LONG)
    await engine.close()
    assert reached == []
