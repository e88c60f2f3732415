"""Runs of runbooks; implements `bot.stores.runs.RunStore`.

Every change of a run is one statement that names the move that it follows on: of two who move a run
at once, in whichever replicas, one does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Boolean, Column, Index, Integer, Text, insert, select, update
from sqlmodel import Field

from bot.errors import Conflict
from bot.model import Account, Place, Reason
from bot.model.runs import Act, RunbookRun, RunState, StepResult
from bot.storage.codec import PLACE, Codec
from bot.storage.columns import Encoded, Utc, Word
from bot.storage.database import Database, sql
from bot.storage.numbers import format_id, next_number, parse_id
from bot.storage.tables import METADATA, Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row, Select

    from bot.ports import Effect, Transaction

_NAME: Final = "RUN"
_OVER: Final = (RunState.ENDED, RunState.ABORTED)
_ACCOUNT: Final = Codec("account", TypeAdapter(Account))
_VALUES: Final = Codec("run's values", TypeAdapter(dict[str, str]))
_ACT: Final = Codec("run's act", TypeAdapter(Act))
_RESULTS: Final = Codec("run's results", TypeAdapter(tuple[StepResult, ...]))


def _column(kind: Any, *, null: bool = False, key: bool = False) -> Any:
    return Field(sa_column=Column(kind, nullable=null, primary_key=key, autoincrement=False))


class RunRow(Store, table=True):
    """A run; `due` is NULL where nobody is waited for in time, `target` where nothing is done."""

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_state_due", "state", "due"),
        Index("ix_runs_target", "target", unique=True),
    )
    number: int = _column(Integer, key=True)
    runbook: str = _column(Text)
    digest: str = _column(Text)
    text: str = _column(Text)
    values: Mapping[str, str] = _column(Encoded(_VALUES))
    person: str = _column(Text)
    account: Account = _column(Encoded(_ACCOUNT))
    place: Place = _column(Encoded(PLACE))
    correlation: str = _column(Text)
    begun: datetime = _column(Utc)
    changed: datetime = _column(Utc)
    state: RunState = _column(Word(RunState))
    at: int = _column(Integer)
    moves: int = _column(Integer)
    leg: int = _column(Integer)
    due: datetime | None = _column(Utc, null=True)
    why: str = _column(Text)
    results: tuple[StepResult, ...] = _column(Encoded(_RESULTS))
    act: Act | None = _column(Encoded(_ACT), null=True)
    offered: str = _column(Text)
    target: str | None = _column(Text, null=True)
    drill: bool = _column(Boolean)


RUNS: Final = METADATA.tables["runs"]


class SqlRuns:
    """The runs of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, new: RunbookRun) -> Effect[RunbookRun]:
        """Keep a new run under the next RUN-n."""

        def effect(tx: Transaction) -> RunbookRun:
            number = next_number(sql(tx), _NAME)
            sql(tx).execute(insert(RUNS).values(**_row(new), number=number))
            return replace(new, id=format_id(_NAME, number))

        return effect

    def put(self, run: RunbookRun) -> Effect[RunbookRun]:
        """Keep a run as it has become; `Conflict` where it has moved, or its target is taken."""
        moved = replace(run, moves=run.moves + 1)

        def effect(tx: Transaction) -> RunbookRun:
            _free(tx, moved)
            as_read = RUNS.c.number == parse_id(_NAME, run.id), RUNS.c.moves == run.moves
            done = sql(tx).execute(update(RUNS).where(*as_read).values(**_row(moved)))
            if not done.rowcount:
                raise Conflict(
                    f"{run.id} has moved on meanwhile; look at it again", reason=Reason.SUPERSEDED
                )
            return moved

        return effect

    async def keep(self, run: RunbookRun, *effects: Effect[None]) -> None:
        """Keep a run as it goes on by itself, with effects, in a transaction without an event."""
        put = self.put(run)

        def write(connection: Connection) -> None:
            put(connection)
            for effect in effects:
                effect(connection)

        await self._database.write(write)

    async def show(self, run_id: str) -> RunbookRun | None:
        """Return a run by id."""
        query = select(RUNS).where(RUNS.c.number == parse_id(_NAME, run_id))
        found = await self._runs(query)
        return found[0] if found else None

    async def list(
        self, *, open_only: bool = True, runbook: str = "", limit: int = 20
    ) -> Sequence[RunbookRun]:
        """Return runs, newest first; with a name those of one runbook."""
        query = select(RUNS).order_by(RUNS.c.number.desc()).limit(limit)
        if runbook:
            query = query.where(RUNS.c.runbook == runbook)
        return await self._runs(query.where(RUNS.c.state.not_in(_OVER)) if open_only else query)

    async def late(self, now: datetime, *, limit: int = 200) -> Sequence[RunbookRun]:
        """Return the runs whose decision should have been made, or whose next look has come."""
        waiting = RUNS.c.state == RunState.WAITING, RUNS.c.due <= now
        return await self._runs(select(RUNS).where(*waiting).order_by(RUNS.c.due).limit(limit))

    async def pending(self, after: str = "", *, limit: int = 50) -> Sequence[RunbookRun]:
        """Return runs that wait for what they have begun, by number from after one."""
        waiting = RUNS.c.state == RunState.PENDING, RUNS.c.number > (parse_id(_NAME, after) or 0)
        return await self._runs(select(RUNS).where(*waiting).order_by(RUNS.c.number).limit(limit))

    async def _runs(self, query: Select[Any]) -> Sequence[RunbookRun]:
        def read(connection: Connection) -> Sequence[RunbookRun]:
            return [_run(row) for row in connection.execute(query)]

        return await self._database.read(read)


def _row(run: RunbookRun) -> dict[str, object]:
    values = dict(vars(run))
    del values["id"]
    return values | {"target": run.act.target if run.act else None}


def _free(tx: Transaction, run: RunbookRun) -> None:
    """Refuse, with `Conflict(reason=LOCKED)`, to act on what another run acts on."""
    if run.act is None:
        return
    other = RUNS.c.target == run.act.target, RUNS.c.number != parse_id(_NAME, run.id)
    found = sql(tx).execute(select(RUNS).where(*other)).one_or_none()
    if found is not None:
        first = _run(found)
        line = first.act.line if first.act else ""
        raise Conflict(
            f"{first.id} of {first.person} acts on {run.act.target} now: {line}. Nothing was done; "
            "do it once that has come to something.",
            reason=Reason.LOCKED,
        )


def _run(row: Row[Any]) -> RunbookRun:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    number = values.pop("number")
    del values["target"]
    return RunbookRun(id=format_id(_NAME, number), **values)
