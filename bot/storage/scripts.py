"""Runs of scripts; implements `bot.stores.scripts.ScriptRuns`.

Each change is one statement that names the states that it follows on: of two who would start a run
at once, in whichever replicas, one does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Boolean, Column, Integer, Text, insert, select, update
from sqlmodel import Field

from bot.errors import Conflict
from bot.model import Place, Reason
from bot.model.scripts import ScriptRun, ScriptState
from bot.storage.codec import PLACE, Codec
from bot.storage.columns import Encoded, Utc, Word
from bot.storage.database import Database, sql
from bot.storage.numbers import format_id, next_number, parse_id
from bot.storage.tables import METADATA, Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row, Select

    from bot.ports import Effect, Transaction

_NAME: Final = "SCR"
_OPEN: Final = (ScriptState.ASKED, ScriptState.RUNNING)
_GIVEN: Final = Codec("values of a script", TypeAdapter(dict[str, str]))


def _column(kind: Any, *, null: bool = False, key: bool = False) -> Any:
    return Field(sa_column=Column(kind, nullable=null, primary_key=key, autoincrement=False))


class ScriptRunRow(Store, table=True):
    """A run of a script."""

    __tablename__ = "script_runs"
    number: int = _column(Integer, key=True)
    script: str = _column(Text)
    digest: str = _column(Text)
    given: Mapping[str, str] = _column(Encoded(_GIVEN))
    shown: str = _column(Text)
    host: str = _column(Text)
    service: str = _column(Text)
    environment: str = _column(Text)
    person: str = _column(Text)
    reason: str = _column(Text)
    place: Place = _column(Encoded(PLACE))
    correlation: str = _column(Text)
    request: str = _column(Text)
    asked: datetime = _column(Utc)
    state: ScriptState = _column(Word(ScriptState))
    begun: datetime | None = _column(Utc, null=True)
    ended: datetime | None = _column(Utc, null=True)
    exit_code: int | None = _column(Integer, null=True)
    text: str = _column(Text)
    output: str = _column(Text)
    is_cut: bool = _column(Boolean)
    stop_by: str = _column(Text)
    stop_why: str = _column(Text)


SCRIPT_RUNS: Final = METADATA.tables["script_runs"]


class SqlScriptRuns:
    """The runs of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, new: ScriptRun) -> Effect[ScriptRun]:
        """Keep a new run under the next SCR-n."""

        def effect(tx: Transaction) -> ScriptRun:
            number = next_number(sql(tx), _NAME)
            values = {name: value for name, value in vars(new).items() if name != "id"}
            query = insert(SCRIPT_RUNS).values(**values, number=number).returning(SCRIPT_RUNS)
            return _run(sql(tx).execute(query).one())

        return effect

    def begin(self, run_id: str, at: datetime) -> Effect[ScriptRun]:
        """Say that it is about to be started."""
        running = {"state": ScriptState.RUNNING, "begun": at}
        return _move(run_id, (ScriptState.ASKED,), running)

    def end(self, ended: ScriptRun) -> Effect[ScriptRun]:
        """Keep how it ended."""
        names = ("state", "begun", "ended", "exit_code", "text", "output", "is_cut")
        return _move(ended.id, _OPEN, {name: getattr(ended, name) for name in names})

    def stop(self, run_id: str, *, by: str, why: str) -> Effect[ScriptRun]:
        """Ask for its end."""
        return _move(run_id, _OPEN, {"stop_by": by, "stop_why": why})

    async def show(self, run_id: str) -> ScriptRun | None:
        """Return a run by id."""
        query = select(SCRIPT_RUNS).where(SCRIPT_RUNS.c.number == parse_id(_NAME, run_id))
        found = await self._runs(query)
        return found[0] if found else None

    async def list(self, *, open_only: bool = True, limit: int = 20) -> Sequence[ScriptRun]:
        """Return runs, newest first."""
        query = select(SCRIPT_RUNS).order_by(SCRIPT_RUNS.c.number.desc()).limit(limit)
        return await self._runs(query.where(SCRIPT_RUNS.c.state.in_(_OPEN)) if open_only else query)

    async def _runs(self, query: Select[Any]) -> Sequence[ScriptRun]:
        def read(connection: Connection) -> Sequence[ScriptRun]:
            return [_run(row) for row in connection.execute(query)]

        return await self._database.read(read)


def _move(
    run_id: str, states: Sequence[ScriptState], values: Mapping[str, object]
) -> Effect[ScriptRun]:
    def effect(tx: Transaction) -> ScriptRun:
        as_known = SCRIPT_RUNS.c.number == parse_id(_NAME, run_id), SCRIPT_RUNS.c.state.in_(states)
        moved = update(SCRIPT_RUNS).where(*as_known).values(**values).returning(SCRIPT_RUNS)
        row = sql(tx).execute(moved).one_or_none()
        if row is None:
            raise Conflict(
                f"{run_id} has moved on meanwhile; `script status {run_id}` shows it",
                reason=Reason.SUPERSEDED,
            )
        return _run(row)

    return effect


def _run(row: Row[Any]) -> ScriptRun:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    number = values.pop("number")
    return ScriptRun(id=format_id(_NAME, number), **values)
